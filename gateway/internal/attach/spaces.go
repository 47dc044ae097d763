package attach

import (
	"encoding/json"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// space is a namespace: who is in it, and in which rooms. The lock is held for a broadcast, so that all members get one order.
type space struct {
	name string

	mu      lockorder.Mutex[space]
	sockets map[string]*socket // by id, which is the name of a room of their own too
	rooms   map[string]*room
	round   uint64 // of broadcasts
	ring    ring
	emptied time.Time // when its last socket went
}

// ownSocket is what a socket has besides in the namespace that the gateway's own server has.
type ownSocket struct {
	*socketio.Socket
	user      json.RawMessage
	fresh     bool         // no process of the app has taken it yet
	told      places[told] // its rooms, as the app knows them
	dismissed bool         // the app wants it to go
}

// told is the name of a room that the app knows a socket to be in.
type told string

func (t told) roomName() string { return string(t) }

// socket is a client in a namespace. What changes is guarded by client.mu, but for what space.mu guards.
type socket struct {
	client    *client
	space     *space
	id        string
	pid       string
	auth      json.RawMessage
	data      []byte // as v8.serialize has it
	connected moment

	own *ownSocket // where the gateway's own server has the namespace, else nil

	// space.mu guards these.
	seats  places[seat]
	met    uint64 // the last broadcast (space.round) that has met it
	since  int64  // the number of the last event before it connected
	resume *resumption
}

type room struct {
	name    string
	members []*socket
}

// seat is a socket's place in a room.
type seat struct {
	room  *room
	at    int   // in members
	since int64 // the number of the last event before it was taken
}

func (s seat) roomName() string { return s.room.name }

func newSpace(name string, m *memory) *space {
	return &space{
		name: name, sockets: make(map[string]*socket), rooms: make(map[string]*room),
		ring: ring{memory: m, rooms: make(map[string][]*event), floor: m.last.Load()},
	}
}

// add makes a socket known.
func (sp *space) add(s *socket) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	sp.sockets[s.id] = s
	s.since = sp.ring.memory.last.Load()
}

// remove forgets a socket and its seats, and tells whether nothing is left that anybody could want.
func (sp *space) remove(s *socket) (last bool) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	for len(s.seats.list) > 0 {
		sp.stand(s, len(s.seats.list)-1)
	}
	if sp.sockets[s.id] == s {
		delete(sp.sockets, s.id)
	}
	sp.emptied = time.Now()
	return sp.isOver(sp.emptied)
}

// isOver tells whether nobody is here, and nobody can come back. mu is held.
func (sp *space) isOver(now time.Time) bool {
	return len(sp.sockets) == 0 && now.Sub(sp.emptied) >= time.Duration(sp.ring.memory.window.Load())
}

func (sp *space) join(s *socket, names []string) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	now := sp.ring.memory.last.Load()
	for _, name := range names {
		s.resume.confirm(name)
		sp.sit(s, stay{name, now})
	}
}

// sit takes a seat for a socket that has none in that room. mu is held.
func (sp *space) sit(s *socket, in stay) {
	if in.room == s.id || s.seats.find(in.room) >= 0 {
		return
	}
	r := sp.rooms[in.room]
	if r == nil {
		r = &room{name: in.room}
		sp.rooms[in.room] = r
	}
	s.seats.add(seat{r, len(r.members), in.since})
	r.members = append(r.members, s)
}

func (sp *space) leave(s *socket, names []string) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	sp.standIn(s, names)
}

// standIn gives up seats. mu is held.
func (sp *space) standIn(s *socket, names []string) {
	for _, name := range names {
		if i := s.seats.find(name); i >= 0 {
			sp.stand(s, i)
		}
	}
}

// stand gives up a seat: the last member of the room takes it. mu is held.
func (sp *space) stand(s *socket, i int) {
	r, at := s.seats.list[i].room, s.seats.list[i].at
	s.seats.take(i)
	last := len(r.members) - 1
	if moved := r.members[last]; moved != s {
		r.members[at] = moved
		moved.seats.list[moved.seats.find(r.name)].at = at
	}
	r.members[last] = nil
	r.members = r.members[:last]
	if last == 0 {
		delete(sp.rooms, r.name)
	}
}

// rooms lists the rooms of a socket, its own first.
func (s *socket) rooms() []string {
	if s.own != nil {
		names := append(make([]string, 0, len(s.own.told.list)+1), s.id)
		for _, room := range s.own.told.list {
			names = append(names, string(room))
		}
		return names
	}
	sp := s.space
	sp.mu.Lock()
	defer sp.mu.Unlock()
	names := append(make([]string, 0, len(s.seats.list)+1), s.id)
	for _, at := range s.seats.list {
		names = append(names, at.room.name)
	}
	return names
}

// target is whom a broadcast is for.
type target struct {
	rooms, except []string // no rooms are all sockets
	only          *link    // whose clients alone; nil is everybody's
	volatile      bool     // not for who has something waiting
	kept          bool     // for those who come back, too
}

// cast queues packets for every socket that the target means, once each.
func (sp *space) cast(to target, packets []*engineio.Packet) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if to.kept {
		packets = sp.ring.add(to, packets, time.Now())
	}
	sp.round++
	for _, name := range to.except {
		sp.meet(name, func(*socket) {})
	}
	tell := func(s *socket) {
		switch {
		case to.only != nil && s.client.owner.Load() != to.only:
		case to.volatile && (s.resume != nil || !s.client.session.Writable()):
		case s.resume != nil:
			s.resume.add(s, packets)
		default:
			s.client.session.Send(packets...)
		}
	}
	if len(to.rooms) == 0 {
		for _, s := range sp.sockets {
			sp.meetOne(s, tell)
		}
		return
	}
	for _, name := range to.rooms {
		sp.meet(name, tell)
	}
}

// meet calls f for who is in a room and was not met in this round. mu is held.
func (sp *space) meet(name string, f func(*socket)) {
	if s := sp.sockets[name]; s != nil {
		sp.meetOne(s, f)
	}
	if r := sp.rooms[name]; r != nil {
		for _, s := range r.members {
			sp.meetOne(s, f)
		}
	}
}

func (sp *space) meetOne(s *socket, f func(*socket)) {
	if s.met != sp.round {
		s.met = sp.round
		f(s)
	}
}

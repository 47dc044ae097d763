package socketio

import (
	"hash/maphash"
	"slices"
	"sync"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// shards is how many parts rooms and sockets are kept in, each with its own lock.
const shards = 64

var seed = maphash.MakeSeed()

func shardOf(key string) uint64 { return maphash.String(seed, key) % shards }

// memoryAdapter keeps the rooms of one process.
type memoryAdapter struct {
	sockets *sockets
	shards  [shards]struct {
		mu    sync.RWMutex
		rooms map[string]*room
	}
}

// room is its members, close together. Its lock gives all of them one order of packets.
type room struct {
	name    string
	mu      sync.Mutex
	members []*membership
}

// membership is one socket in one room: the one thing that a joined socket costs. Its position
// lets it leave a large room without a search.
type membership struct {
	socket   *Socket
	room     *room
	position int
}

func newMemoryAdapter(s *sockets) *memoryAdapter {
	a := &memoryAdapter{sockets: s}
	for i := range a.shards {
		a.shards[i].rooms = make(map[string]*room)
	}
	return a
}

func (a *memoryAdapter) Join(s *Socket, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.gone:
		return ErrDisconnected
	case s.membership(name) != nil:
		return nil
	}
	shard := &a.shards[shardOf(name)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	r := shard.rooms[name]
	if r == nil {
		r = &room{name: name}
		shard.rooms[name] = r
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	m := &membership{socket: s, room: r, position: len(r.members)}
	r.members = append(r.members, m)
	s.memberships = append(s.memberships, m)
	return nil
}

func (a *memoryAdapter) Leave(s *Socket, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.membership(name)
	if m == nil {
		return false
	}
	s.memberships = slices.DeleteFunc(s.memberships, func(other *membership) bool { return other == m })
	a.remove(m)
	return true
}

func (a *memoryAdapter) LeaveAll(s *Socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	for _, m := range s.memberships {
		a.remove(m)
	}
	s.memberships = nil
}

// remove fills the gap with the last member. The socket's lock is held.
func (a *memoryAdapter) remove(m *membership) {
	shard := &a.shards[shardOf(m.room.name)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	r := m.room
	r.mu.Lock()
	defer r.mu.Unlock()
	end := len(r.members) - 1
	last := r.members[end]
	r.members[m.position] = last
	last.position = m.position
	r.members[end] = nil
	r.members = r.members[:end]
	switch {
	case end == 0:
		delete(shard.rooms, r.name)
	case cap(r.members) > 64 && end < cap(r.members)/4:
		r.members = slices.Clone(r.members)
	}
}

func (a *memoryAdapter) Rooms(s *Socket) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, len(s.memberships))
	for i, m := range s.memberships {
		names[i] = m.room.name
	}
	return names
}

func (a *memoryAdapter) In(s *Socket, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.membership(name) != nil
}

// membership is a search, over a handful in practice. mu is held.
func (s *Socket) membership(name string) *membership {
	for _, m := range s.memberships {
		if m.room.name == name {
			return m
		}
	}
	return nil
}

func (a *memoryAdapter) room(name string) *room {
	shard := &a.shards[shardOf(name)]
	shard.mu.RLock()
	defer shard.mu.RUnlock()
	return shard.rooms[name]
}

func (a *memoryAdapter) Broadcast(p *engineio.Packet, to Target) {
	if len(to.Rooms) == 1 && len(to.Except) == 0 {
		a.each(to.Rooms[0], func(s *Socket) { s.send(p) })
		return
	}
	served := make(map[*Socket]bool)
	for _, name := range to.Except {
		a.each(name, func(s *Socket) { served[s] = true })
	}
	once := func(s *Socket) {
		if !served[s] {
			served[s] = true
			s.send(p)
		}
	}
	if len(to.Rooms) == 0 {
		a.sockets.each(once)
	}
	for _, name := range to.Rooms {
		a.each(name, once)
	}
}

// each calls f for every member of a room, under the room's lock, or for the socket of that id.
func (a *memoryAdapter) each(name string, f func(*Socket)) {
	if r := a.room(name); r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, m := range r.members {
			f(m.socket)
		}
		return
	}
	if s := a.sockets.get(name); s != nil {
		f(s)
	}
}

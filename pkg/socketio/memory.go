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

// memoryAdapter keeps the rooms of one process. Locks are taken in this order: Socket.mu, room.mu, that of a shard.
// Who waits for a room, which a broadcast to many may hold for long, must not hold up the others of its shard.
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
	members []*membership // nil once the last has left: another room takes the place of this one
}

// membership is one socket in one room: the one thing that a joined socket costs. Its position
// lets it leave a large room without a search.
type membership struct {
	socket   *Socket
	room     *room
	position int

	before, after *membership // of the same socket, in the order of joining
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
	r := a.open(name)
	defer r.mu.Unlock()
	m := &membership{socket: s, room: r, position: len(r.members)}
	r.members = append(r.members, m)
	s.enter(m)
	return nil
}

// open returns a room, locked.
func (a *memoryAdapter) open(name string) *room {
	for {
		r := a.room(name)
		if r == nil {
			r = a.add(name)
		}
		r.mu.Lock()
		if r.members != nil {
			return r
		}
		r.mu.Unlock()
	}
}

// add makes a room, unless somebody else has just made it.
func (a *memoryAdapter) add(name string) *room {
	shard := &a.shards[shardOf(name)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	r := shard.rooms[name]
	if r == nil {
		r = &room{name: name, members: make([]*membership, 0, 1)}
		shard.rooms[name] = r
	}
	return r
}

func (a *memoryAdapter) Leave(s *Socket, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.membership(name)
	if m == nil {
		return false
	}
	s.exit(m)
	a.remove(m)
	return true
}

func (a *memoryAdapter) LeaveAll(s *Socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	for m := s.first; m != nil; m = m.after {
		a.remove(m)
	}
	s.memberships = memberships{}
}

// remove fills the gap with the last member. The socket's lock is held.
func (a *memoryAdapter) remove(m *membership) {
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
		r.members = nil
		a.drop(r.name)
	case cap(r.members) > 64 && end < cap(r.members)/4:
		r.members = slices.Clone(r.members)
	}
}

func (a *memoryAdapter) drop(name string) {
	shard := &a.shards[shardOf(name)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	delete(shard.rooms, name)
}

func (a *memoryAdapter) Rooms(s *Socket) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, s.count)
	for m := s.first; m != nil; m = m.after {
		names = append(names, m.room.name)
	}
	return names
}

func (a *memoryAdapter) In(s *Socket, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.membership(name) != nil
}

// memberships are a socket's rooms. The adapter uses them under the socket's lock.
type memberships struct {
	first, last *membership
	count       int
	index       map[string]*membership // by room, once there are many; see searched
}

// searched is how many memberships of a socket are searched one by one. Hardly any has more; one
// that has gets an index, so that joining thousands of rooms does not take the square of it.
const searched = 32

func (s *memberships) enter(m *membership) {
	if m.before = s.last; m.before != nil {
		m.before.after = m
	} else {
		s.first = m
	}
	s.last = m
	s.count++
	switch {
	case s.index != nil:
		s.index[m.room.name] = m
	case s.count > searched:
		s.index = make(map[string]*membership, 2*searched)
		for m := s.first; m != nil; m = m.after {
			s.index[m.room.name] = m
		}
	}
}

func (s *memberships) exit(m *membership) {
	if m.before != nil {
		m.before.after = m.after
	} else {
		s.first = m.after
	}
	if m.after != nil {
		m.after.before = m.before
	} else {
		s.last = m.before
	}
	s.count--
	delete(s.index, m.room.name)
}

func (s *memberships) membership(name string) *membership {
	if s.index != nil {
		return s.index[name]
	}
	for m := s.first; m != nil; m = m.after {
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

func (a *memoryAdapter) Broadcast(event []*engineio.Packet, to Target) {
	send := func(s *Socket) { s.send(event...) }
	if to.Volatile {
		send = func(s *Socket) { s.sendVolatile(event...) }
	}
	if len(to.Rooms) <= 1 && len(to.Except) == 0 { // nobody twice
		a.eachOf(to.Rooms, send)
		return
	}
	served := make(map[*Socket]bool)
	for _, name := range to.Except {
		a.each(name, func(s *Socket) { served[s] = true })
	}
	once := func(s *Socket) {
		if !served[s] {
			served[s] = true
			send(s)
		}
	}
	a.eachOf(to.Rooms, once)
}

// eachOf calls f for every member of the rooms, or for every socket when there are none.
func (a *memoryAdapter) eachOf(rooms []string, f func(*Socket)) {
	if len(rooms) == 0 {
		a.sockets.each(f)
	}
	for _, name := range rooms {
		a.each(name, f)
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

package socketio

import (
	"hash/maphash"
	"maps"
	"slices"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// shards is how many parts rooms and sockets are kept in, each with its own lock.
const shards = 64

var seed = maphash.MakeSeed()

func shardOf(key string) uint64 { return maphash.String(seed, key) % shards }

// rooms are the rooms of one namespace, and deliver to their members. A room may be locked for long, by a broadcast
// to many members. Who waits for it holds no shard's lock, or the other rooms of that shard would wait too.
type rooms struct {
	sockets  *sockets
	recovery *recovery         // nil without Recovery
	opened   func(room string) // told of rooms that are made, one at a time for each name; nil if nobody wants to know
	closed   func(room string) // and of those that are over
	shards   [shards]struct {
		mu     lockorder.RWMutex[rooms]
		byName map[string]*room
	}
}

func newRooms(s *sockets) *rooms {
	rs := &rooms{sockets: s}
	for i := range rs.shards {
		rs.shards[i].byName = make(map[string]*room)
	}
	return rs
}

// join makes a socket a member of a room; joining again does nothing. ErrDisconnected means that the
// socket is gone already.
func (rs *rooms) join(s *Socket, name string) (entered bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.gone:
		return false, ErrDisconnected
	case s.membership(name) != nil:
		return false, nil
	}
	r := rs.open(name)
	defer r.mu.Unlock()
	s.enter(r.add(s))
	return true, nil
}

// joinSince is join of a room that the client has been in for longer than the socket.
func (rs *rooms) joinSince(s *Socket, name string, since Offset) {
	rs.join(s, name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.membership(name); m != nil {
		m.since = since
	}
}

// leave reports whether the socket was in the room.
func (rs *rooms) leave(s *Socket, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.membership(name)
	if m == nil {
		return false
	}
	s.exit(m)
	s.parts(m, rs.remove(m))
	return true
}

// leaveAll takes a socket out for good: join fails from now on.
func (rs *rooms) leaveAll(s *Socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rs.vacate(s)
}

// vacate is leaveAll with Socket.mu held.
func (rs *rooms) vacate(s *Socket) {
	s.gone = true
	for m := s.first; m != nil; m = m.after {
		rs.remove(m)
	}
	s.memberships = memberships{}
}

// tell queues a message for every socket that the target means, once each. What is told to one room one after the other arrives in that
// order at every member. For a kept event to.Offset is its offset; it is not volatile. A middleware may have taken a socket into a room
// before it is connected: that one is left out.
func (rs *rooms) tell(m *message, to Target) {
	rs.each(to, func(s *Socket) {
		if s.settled() == connected {
			s.deliver(to.Volatile, m.packetsFor(s))
		}
	})
}

// list returns the connected sockets that the target means at this moment, for what may not be done
// under a room's lock.
func (rs *rooms) list(to Target) (sockets []*Socket) {
	to.Offset = 0
	rs.each(to, func(s *Socket) {
		if rs.sockets.get(s.id) == s {
			sockets = append(sockets, s)
		}
	})
	return sockets
}

// each calls f once for every socket that the target means. For members of a room it does so under
// the room's lock. The room notes to.Offset, unless that is 0.
func (rs *rooms) each(to Target, f func(*Socket)) {
	if len(to.Rooms) <= 1 && len(to.Except) == 0 { // nobody is met twice
		rs.eachOf(to.Rooms, to.Offset, f)
		return
	}
	if len(to.Rooms) <= 1 && len(to.Except) == 1 && rs.room(to.Except[0]) == nil { // one socket at most
		rs.eachOf(to.Rooms, to.Offset, func(s *Socket) {
			if s.id != to.Except[0] {
				f(s)
			}
		})
		return
	}
	met := make(map[*Socket]bool)
	for _, name := range to.Except {
		rs.eachIn(name, 0, func(s *Socket) { met[s] = true })
	}
	rs.eachOf(to.Rooms, to.Offset, func(s *Socket) {
		if !met[s] {
			met[s] = true
			f(s)
		}
	})
}

// eachOf calls f for every member of the rooms, or for every socket when there are none.
func (rs *rooms) eachOf(names []string, o Offset, f func(*Socket)) {
	if len(names) == 0 {
		rs.sockets.each(f)
	}
	for _, name := range names {
		rs.eachIn(name, o, f)
	}
}

// eachIn calls f for every member of a room, and for the socket of that id.
func (rs *rooms) eachIn(name string, o Offset, f func(*Socket)) {
	if r := rs.room(name); r != nil {
		r.each(o, f)
	}
	if s := rs.sockets.get(name); s != nil {
		f(s)
	}
}

// delivered is an offset that all members of a room that is made now have had, if they were to have it.
func (rs *rooms) delivered() Offset {
	if rs.recovery == nil {
		return 0
	}
	return rs.recovery.reached()
}

// open returns a room, locked. It makes the room if there is none.
func (rs *rooms) open(name string) *room {
	for {
		r := rs.room(name)
		if r == nil {
			r = rs.add(name)
		}
		r.mu.Lock()
		if r.members != nil {
			return r
		}
		r.mu.Unlock()
	}
}

func (rs *rooms) room(name string) *room {
	shard := &rs.shards[shardOf(name)]
	shard.mu.RLock()
	defer shard.mu.RUnlock()
	return shard.byName[name]
}

// occupied tells whether somebody is in the room, or about to be connected in it. A socket's id is a room.
func (rs *rooms) occupied(name string) bool {
	return rs.room(name) != nil || rs.sockets.get(name) != nil
}

// names returns those of all rooms at about this moment.
func (rs *rooms) names() (names []string) {
	for i := range rs.shards {
		shard := &rs.shards[i]
		shard.mu.RLock()
		names = slices.AppendSeq(names, maps.Keys(shard.byName))
		shard.mu.RUnlock()
	}
	return names
}

// add makes a room, unless somebody else has just made it.
func (rs *rooms) add(name string) *room {
	shard := &rs.shards[shardOf(name)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	r := shard.byName[name]
	if r == nil {
		r = &room{name: name, members: make([]*membership, 0, 1), last: rs.delivered()}
		shard.byName[name] = r
		if rs.opened != nil {
			rs.opened(name)
		}
	}
	return r
}

// remove ends a membership, and the room with its last one. It returns the latest kept event there. Socket.mu is held.
func (rs *rooms) remove(m *membership) (last Offset) {
	r := m.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.remove(m) {
		rs.drop(r.name)
	}
	return r.last
}

func (rs *rooms) drop(name string) {
	shard := &rs.shards[shardOf(name)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	delete(shard.byName, name)
	if rs.closed != nil {
		rs.closed(name)
	}
}

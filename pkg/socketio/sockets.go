package socketio

import "github.com/socketgate/socketgate/pkg/lockorder"

// sockets are the connected sockets of a namespace by id.
type sockets struct {
	shards [shards]struct {
		mu   lockorder.RWMutex[sockets]
		byID map[string]*Socket
	}
}

func newSockets() *sockets {
	s := &sockets{}
	for i := range s.shards {
		s.shards[i].byID = make(map[string]*Socket)
	}
	return s
}

// add takes a socket in and has its client told that it is connected, as one: whoever looks for it or tells it something meanwhile waits.
// A client that knows that it is connected is found by everybody, and all that it hears comes behind that.
func (s *sockets) add(socket *Socket, tell func()) {
	shard := &s.shards[shardOf(socket.id)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	socket.phase.Store(welcomed)
	tell()
	socket.phase.CompareAndSwap(welcomed, connected) // it may have been taken out by now
	shard.byID[socket.id] = socket
}

func (s *sockets) remove(socket *Socket) {
	shard := &s.shards[shardOf(socket.id)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if shard.byID[socket.id] == socket { // a v2 client that comes back has the same id
		delete(shard.byID, socket.id)
	}
}

func (s *sockets) get(id string) *Socket {
	shard := &s.shards[shardOf(id)]
	shard.mu.RLock()
	defer shard.mu.RUnlock()
	return shard.byID[id]
}

func (s *sockets) count() int {
	n := 0
	for i := range s.shards {
		s.shards[i].mu.RLock()
		n += len(s.shards[i].byID)
		s.shards[i].mu.RUnlock()
	}
	return n
}

// each calls f for a snapshot of each shard, so that f may take as long as it likes.
func (s *sockets) each(f func(*Socket)) {
	var some []*Socket
	for i := range s.shards {
		shard := &s.shards[i]
		some = some[:0]
		shard.mu.RLock()
		for _, socket := range shard.byID {
			some = append(some, socket)
		}
		shard.mu.RUnlock()
		for _, socket := range some {
			f(socket)
		}
	}
}

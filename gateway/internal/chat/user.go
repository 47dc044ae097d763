package chat

import (
	"hash/maphash"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// user is what one person has spent of each limit that all of their sockets share. A nil user has no limits.
type user struct {
	sockets int // the shard's mu guards it

	mu    lockorder.Mutex[user]
	spent [limits]bucket
}

// take takes n tokens of one limit, unless there are not as many. A rate of 0 means that there always are.
func (u *user) take(l limit, now time.Time, n, rate, burst float64) bool {
	if u == nil {
		return true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.spent[l].take(now, n, rate, burst)
}

// users are those who have sockets, by id. Its zero value is ready; any goroutine may use it. It is divided so that nobody
// waits for one lock while a crowd comes back.
type users struct {
	seed   maphash.Seed
	shards [64]struct {
		mu   lockorder.Mutex[users]
		byID map[string]*user
	}
}

func newUsers() *users { return &users{seed: maphash.MakeSeed()} }

// enter counts a socket in, unless it has left: a socket can be sent away while it connects.
func (us *users) enter(m *member) {
	shard := &us.shards[maphash.String(us.seed, m.ID)%uint64(len(us.shards))]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if m.left {
		return
	}
	if shard.byID == nil {
		shard.byID = make(map[string]*user)
	}
	m.user = shard.byID[m.ID]
	if m.user == nil {
		m.user = new(user)
		shard.byID[m.ID] = m.user
	}
	m.user.sockets++
}

// of returns somebody who has sockets already, or nil.
func (us *users) of(id string) *user {
	shard := &us.shards[maphash.String(us.seed, id)%uint64(len(us.shards))]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return shard.byID[id]
}

// leave counts a socket out.
func (us *users) leave(m *member) {
	shard := &us.shards[maphash.String(us.seed, m.ID)%uint64(len(us.shards))]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	m.left = true
	if m.user == nil {
		return
	}
	if m.user.sockets--; m.user.sockets == 0 {
		delete(shard.byID, m.ID)
	}
}

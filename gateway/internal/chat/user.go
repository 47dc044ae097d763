package chat

import (
	"context"
	"hash/maphash"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// user is what one person has spent of each limit that all of their sockets share. A nil user has no limits.
type user struct {
	sockets int       // the shard's mu guards this and the next
	left    time.Time // when the last of them had gone

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

// remembered is for how long a user without sockets is remembered: otherwise each new connection would bring new limits. Whatever was spent
// has come back by then; lists take longest.
const remembered = 2 * listsAtOnce / listsPerSecond * time.Second

// users are those who have sockets, or had some a moment ago, by id. Any goroutine may use it. It is divided so that nobody waits for one
// lock while a crowd comes back.
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

// of returns somebody who has sockets already, or had some, or nil.
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
		m.user.left = time.Now()
	}
}

// forgetting forgets who has gone, until ctx ends.
func (us *users) forgetting(ctx context.Context) {
	tick := time.NewTicker(remembered / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			us.forget(now)
		}
	}
}

func (us *users) forget(now time.Time) {
	for i := range us.shards {
		shard := &us.shards[i]
		shard.mu.Lock()
		for id, u := range shard.byID {
			if u.sockets == 0 && now.Sub(u.left) >= remembered {
				delete(shard.byID, id)
			}
		}
		shard.mu.Unlock()
	}
}

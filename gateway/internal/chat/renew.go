package chat

import (
	"maps"
	"slices"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// maxRenewals is how many users may wait to have their rooms asked for again. If there are more, it is done for everybody.
const maxRenewals = 10_000

// renewals are users whose rooms the app has changed. Any goroutine may use them.
type renewals struct {
	wake chan struct{} // holds one: somebody waits

	mu        lockorder.Mutex[renewals]
	number    uint64 // of how many the app has told
	users     map[string]bool
	everybody bool
}

// RenewRooms has the rooms of users asked for again, soon, and their sockets taken there; without any, those of everybody who is
// connected. It does nothing without Options.UserRooms, and does not wait.
func (c *Chat) RenewRooms(users ...string) {
	if c.roomsOf == nil {
		return
	}
	c.renewals.add(1, users)
}

// add notes users, or everybody without any. Number is 0 for one who has connected since.
func (r *renewals) add(number uint64, users []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.number += number
	if r.users == nil {
		r.users = make(map[string]bool)
	}
	for _, user := range users {
		r.users[user] = true
	}
	if len(users) == 0 || len(r.users) > maxRenewals {
		r.everybody = true
		clear(r.users)
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *renewals) begun() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.number
}

func (r *renewals) take() (users []string, everybody bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	users, everybody = slices.Collect(maps.Keys(r.users)), r.everybody
	r.users, r.everybody = nil, false
	return users, everybody
}

// renewLate asks again for the rooms of a member who was not connected yet when some were renewed, perhaps its own.
func (c *Chat) renewLate(m *member) {
	if c.roomsOf != nil && c.renewals.begun() != m.renewal {
		c.renewals.add(0, []string{m.ID})
	}
}

// renewing asks again until the chat closes.
func (c *Chat) renewing() {
	for {
		select {
		case <-c.renewals.wake:
		case <-c.ctx.Done():
			return
		}
		users, everybody := c.renewals.take()
		if everybody {
			users = c.usersHere()
		}
		users = slices.DeleteFunc(users, func(user string) bool { return !c.namespace.Occupied(contract.PersonalRoom(user)) })
		for some := range slices.Chunk(users, recheckBatch) {
			if _, err := c.roomsOf.ask(c.ctx, some); err != nil {
				c.nobodyKnowsRooms(err) // a round of ACCESS_RECHECK will know
			}
		}
	}
}

func (c *Chat) usersHere() []string {
	here := make(map[string]bool)
	c.namespace.Each(func(s *socketio.Socket) {
		if m, admitted := s.Data.(*member); admitted {
			here[m.ID] = true
		}
	})
	return slices.Collect(maps.Keys(here))
}

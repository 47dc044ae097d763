package presence

import (
	"slices"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// List is who is in a room at one moment.
type List struct {
	contract.Members
	Sockets int // of all members: how many copies of an announcement are sent
}

// telling names roster.telling in the order of locks.
type telling struct{}

// roster is the people in one room.
type roster struct {
	room string

	// Rosters.mu guards these.
	queued    bool      // is in a schedule
	lane      *lane     // in whose
	index     int       // its place there
	due       time.Time // when it is told, if there is budget then
	held      bool      // there was none
	notBefore time.Time // when it may be told next
	cost      int       // of its last list

	telling lockorder.Mutex[telling] // held while the room, or one socket in it, is told

	mu      lockorder.Mutex[roster]
	people  map[string]*member
	order   []*member // by arrival, with nil where somebody left
	gaps    int
	sockets int
}

// member is one person in one room, however many tabs they have open.
type member struct {
	*contract.Person
	tabs     int
	position int
}

func newRoster(room string) *roster {
	return &roster{room: room, people: make(map[string]*member)}
}

// enter counts a socket of a person in, and reports whether that changes the list.
func (t *roster) enter(p *contract.Person) (changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sockets++
	if here := t.people[p.ID]; here != nil {
		changed = here.Name != p.Name
		here.Person = p // whose name is the latest
		here.tabs++
		return changed
	}
	here := &member{Person: p, tabs: 1, position: len(t.order)}
	t.people[p.ID] = here
	t.order = append(t.order, here)
	return true
}

// leave counts a socket of a person out, and reports whether it was their last.
func (t *roster) leave(p *contract.Person) (gone bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	here := t.people[p.ID]
	if here == nil {
		return false
	}
	t.sockets--
	if here.tabs--; here.tabs > 0 {
		return false
	}
	delete(t.people, p.ID)
	t.order[here.position] = nil
	if t.gaps++; t.gaps > len(t.order)/2 {
		t.compact()
	}
	return true
}

// compact removes the gaps. mu is held.
func (t *roster) compact() {
	t.order = slices.DeleteFunc(t.order, func(m *member) bool { return m == nil })
	for i, m := range t.order {
		m.position = i
	}
	t.gaps = 0
}

func (t *roster) empty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.people) == 0
}

// list returns at most limit people; 0 means all.
func (t *roster) list(limit int) List {
	t.mu.Lock()
	defer t.mu.Unlock()
	if limit == 0 || limit > len(t.people) {
		limit = len(t.people)
	}
	people := make([]*contract.Person, 0, limit)
	for _, m := range t.order {
		if len(people) == limit {
			break
		}
		if m != nil {
			people = append(people, m.Person)
		}
	}
	return List{Members: contract.Members{People: people, Count: len(t.people)}, Sockets: t.sockets}
}

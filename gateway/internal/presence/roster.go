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
	queued    bool          // is in a schedule
	lane      *lane         // in whose
	index     int           // its place there
	due       time.Time     // when it is told, if there is budget then
	held      bool          // there was none
	notBefore time.Time     // when it may be told next
	cost      int           // of its last list
	opening   uint64        // what Others called it
	unknown   chan struct{} // closed, and nil, once it is known who is here at other gateways
	owed      bool          // a list is to be told then
	ower      string        // the user who pays for that list
	awaited   int           // how many are about to enter

	telling lockorder.Mutex[telling] // held while the room, or one socket in it, is told

	mu      lockorder.Mutex[roster]
	people  map[string]*member
	order   []*member // by arrival, with nil where somebody left
	gaps    int
	sockets int
}

// member is one person in one room, however many tabs they have open, here and at other gateways.
type member struct {
	*contract.Person
	tabs      int // here
	elsewhere int // gateways
	position  int
}

func newRoster(room string) *roster {
	return &roster{room: room, people: make(map[string]*member)}
}

// enter counts a socket of a person in, and reports whether that changes the list, and whether it is news to other gateways.
func (t *roster) enter(p *contract.Person) (changed, news bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sockets++
	here := t.people[p.ID]
	if here == nil {
		t.add(p).tabs = 1
		return true, true
	}
	changed = here.Name != p.Name
	here.Person = p // whose name is the latest
	here.tabs++
	return changed, changed || here.tabs == 1
}

// isLast tells whether a person has one socket here.
func (t *roster) isLast(p *contract.Person) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	here := t.people[p.ID]
	return here != nil && here.tabs == 1
}

// leave counts a socket of a person out, and reports whether that changes the list. A person who lingers counts as elsewhere from then on.
func (t *roster) leave(p *contract.Person, lingers bool) (gone bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	here := t.people[p.ID]
	if here == nil || here.tabs == 0 {
		return false
	}
	t.sockets--
	here.tabs--
	if lingers {
		here.elsewhere++
	}
	return t.drop(here)
}

// elsewhere counts gateways at which a person is too, and reports whether that changes the list.
func (t *roster) elsewhere(p *contract.Person, gateways int) (changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	here := t.people[p.ID]
	if here == nil {
		if gateways <= 0 {
			return false
		}
		t.add(p).elsewhere = gateways
		return true
	}
	if gateways >= 0 && here.tabs == 0 && here.Name != p.Name {
		here.Person, changed = p, true
	}
	here.elsewhere = max(0, here.elsewhere+gateways)
	return t.drop(here) || changed
}

func (t *roster) add(p *contract.Person) *member {
	here := &member{Person: p, position: len(t.order)}
	t.people[p.ID] = here
	t.order = append(t.order, here)
	return here
}

// drop removes a person who is nowhere any more.
func (t *roster) drop(here *member) (gone bool) {
	if here.tabs > 0 || here.elsewhere > 0 {
		return false
	}
	delete(t.people, here.ID)
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

// person returns one who is in the room, as far as it is known here, or nil.
func (t *roster) person(user string) *contract.Person {
	t.mu.Lock()
	defer t.mu.Unlock()
	if here := t.people[user]; here != nil {
		return here.Person
	}
	return nil
}

// empty tells whether no socket is here. There may be people elsewhere.
func (t *roster) empty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sockets == 0
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

package chat

import (
	"slices"
	"sync"
	"time"
)

// roster is the people in one room.
type roster struct {
	room string

	// rosters.mu guards these.
	queued    bool
	index     int
	notBefore time.Time

	mu      sync.Mutex
	people  map[string]*presence
	order   []*presence // by arrival, with nil where somebody left
	gaps    int
	sockets int
}

// presence is one person in one room, however many tabs they have open.
type presence struct {
	*person
	tabs     int
	position int
}

// enter counts a socket of a person in.
func (t *roster) enter(p *person) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sockets++
	if here := t.people[p.id]; here != nil {
		here.person = p // whose name is the latest
		here.tabs++
		return
	}
	here := &presence{person: p, tabs: 1, position: len(t.order)}
	t.people[p.id] = here
	t.order = append(t.order, here)
}

// leave reports whether the person has left for good.
func (t *roster) leave(p *person) (changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	here := t.people[p.id]
	if here == nil {
		return false
	}
	t.sockets--
	if here.tabs--; here.tabs > 0 {
		return false
	}
	delete(t.people, p.id)
	t.order[here.position] = nil
	if t.gaps++; t.gaps > len(t.order)/2 {
		t.close()
	}
	return true
}

// close closes the gaps. mu is held.
func (t *roster) close() {
	t.order = slices.DeleteFunc(t.order, func(p *presence) bool { return p == nil })
	for i, p := range t.order {
		p.position = i
	}
	t.gaps = 0
}

func (t *roster) empty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.people) == 0
}

// list returns at most limit people; 0 means all.
func (t *roster) list(limit int) memberList {
	t.mu.Lock()
	defer t.mu.Unlock()
	if limit == 0 || limit > len(t.people) {
		limit = len(t.people)
	}
	list := memberList{people: make([]*person, 0, limit), count: len(t.people), sockets: t.sockets}
	for _, p := range t.order {
		if len(list.people) == limit {
			break
		}
		if p != nil {
			list.people = append(list.people, p.person)
		}
	}
	return list
}

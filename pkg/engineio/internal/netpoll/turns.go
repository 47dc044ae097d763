package netpoll

// Crowd is those with whom a connection shares its turns. Zero is nobody: it has turns of its own.
type Crowd uint64

// Known is set in the crowds of clients who are let in already. These crowds have turns apart from those of strangers.
const Known Crowd = 1 << 63

// talkative is the crowd of connections with turns of their own that have more to say than fits into one: those who say little
// don't wait for them all. No network has this key: no address is multicast.
const talkative Crowd = 1<<64 - 1

// turns are the connections that wait for a worker. Those with turns of their own come in the order in which they became ready, and
// so do the others among those of their crowd. Who has turns of its own, a crowd of known ones and a crowd of strangers come one after
// the other, and so do the crowds among their like: a crowd keeps nobody waiting but itself.
type turns struct {
	own       line[*Conn]
	known     crowds
	strangers crowds
	last      standing // whose turn was the last
}

type standing int

const (
	onTheirOwn standing = iota
	amongKnown
	amongStrangers
	standings
)

// crowds come one after the other; each has somebody waiting.
type crowds struct {
	of   map[Crowd]*line[*Conn]
	keys line[Crowd] // in the order of their turns
}

// add has a connection wait for a turn of this crowd, or for its own.
func (t *turns) add(c *Conn, crowd Crowd) {
	switch {
	case crowd == 0:
		t.own.push(c)
	case crowd&Known != 0:
		t.known.add(c, crowd)
	default:
		t.strangers.add(c, crowd)
	}
}

func (t *turns) empty() bool {
	return t.own.empty() && t.known.keys.empty() && t.strangers.keys.empty()
}

// next takes the connection whose turn it is. There is one.
func (t *turns) next() *Conn {
	for {
		t.last = (t.last + 1) % standings
		switch {
		case t.last == onTheirOwn && !t.own.empty():
			return t.own.pop()
		case t.last == amongKnown && !t.known.keys.empty():
			return t.known.next()
		case t.last == amongStrangers && !t.strangers.keys.empty():
			return t.strangers.next()
		}
	}
}

func (a *crowds) add(c *Conn, key Crowd) {
	crowd := a.of[key]
	if crowd == nil {
		if a.of == nil {
			a.of = make(map[Crowd]*line[*Conn])
		}
		crowd = new(line[*Conn])
		a.of[key] = crowd
		a.keys.push(key)
	}
	crowd.push(c)
}

// next takes the connection whose turn it is. There is one.
func (a *crowds) next() *Conn {
	key := a.keys.pop()
	crowd := a.of[key]
	c := crowd.pop()
	if crowd.empty() {
		delete(a.of, key)
	} else {
		a.keys.push(key)
	}
	return c
}

// line is first in, first out.
type line[T any] struct {
	waiting []T
	head    int // those before it have been taken
}

func (l *line[T]) empty() bool { return l.head == len(l.waiting) }

func (l *line[T]) push(v T) {
	if l.head > len(l.waiting)/2 && len(l.waiting) == cap(l.waiting) { // rather than growing
		n := copy(l.waiting, l.waiting[l.head:])
		clear(l.waiting[n:])
		l.waiting, l.head = l.waiting[:n], 0
	}
	l.waiting = append(l.waiting, v)
}

func (l *line[T]) pop() T {
	var none T
	v := l.waiting[l.head]
	l.waiting[l.head] = none
	if l.head++; l.head == len(l.waiting) {
		l.waiting, l.head = l.waiting[:0], 0
	}
	return v
}

package netpoll

// turns are the connections that wait for a worker. Those with turns of their own come in the order in which they became ready;
// so do the others among those of their key. A key and a connection with its own turns come alternately, and so do the keys: a
// crowd of strangers keeps nobody waiting but itself.
type turns struct {
	own     line[*Conn]
	crowds  map[uint64]*line[*Conn] // by key; each has somebody waiting
	keys    line[uint64]            // of the crowds, in the order of their turns
	crowded bool                    // the last turn was a crowd's
}

// talkative is the crowd of connections with turns of their own that have more to say than fits into one: those who say little
// don't wait for them all. No network has this key: no address is multicast.
const talkative = 1<<64 - 1

// add has a connection wait for a turn of this crowd, or for its own.
func (t *turns) add(c *Conn, key uint64) {
	if key == 0 {
		t.own.push(c)
		return
	}
	crowd := t.crowds[key]
	if crowd == nil {
		if t.crowds == nil {
			t.crowds = make(map[uint64]*line[*Conn])
		}
		crowd = new(line[*Conn])
		t.crowds[key] = crowd
		t.keys.push(key)
	}
	crowd.push(c)
}

func (t *turns) empty() bool { return t.own.empty() && t.keys.empty() }

// next takes the connection whose turn it is. There is one.
func (t *turns) next() *Conn {
	t.crowded = !t.keys.empty() && (t.own.empty() || !t.crowded)
	if !t.crowded {
		return t.own.pop()
	}
	key := t.keys.pop()
	crowd := t.crowds[key]
	c := crowd.pop()
	if crowd.empty() {
		delete(t.crowds, key)
	} else {
		t.keys.push(key)
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

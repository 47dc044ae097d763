package engineio

import "github.com/socketgate/socketgate/pkg/lockorder"

// A Send that is larger than all that may wait for a client, a picture to a room say, would end every session, however fast its client
// reads. So it does not count among what waits. These are its own bounds, as multiples of SendQueueBytes.
const (
	largePerSession = 16
	largeInAll      = 64 // one that waits for many clients counts once
)

// largeSends are those that wait for one client, or are being written, in order.
type largeSends struct {
	ledger *ledger
	waits  []largeSend
	bytes  int
}

type largeSend struct {
	first *Packet
	bytes int
}

// ledger has the large Sends that wait for any client of a server.
type ledger struct {
	mu    lockorder.Mutex[ledger]
	bytes int
	waits map[*Packet]int // for how many clients, by the first packet
}

// bears tells whether what was just enqueued is a large Send for which there is room. Then it does not count among what waits. mu is held.
func (s *Session) bears(packets []*Packet) bool {
	bytes, limit := 0, s.queueLimit()
	for _, p := range packets {
		bytes += p.Len()
	}
	o := &s.outbox
	if !s.settled.Load() || bytes <= limit || o.cost-bytes > limit {
		return false
	}
	if o.large == nil {
		o.large = &largeSends{ledger: &s.server.ledger}
	}
	one := largeSend{packets[0], bytes}
	if o.large.bytes+bytes > largePerSession*limit || !o.large.ledger.enter(one, largeInAll*limit) {
		return false
	}
	o.large.waits = append(o.large.waits, one)
	o.large.bytes += bytes
	o.waiting.large++
	o.waiting.cost -= bytes
	o.cost -= bytes
	return true
}

// written forgets the first n. Session.mu is held.
func (l *largeSends) written(n int) {
	for _, one := range l.waits[:n] {
		l.bytes -= one.bytes
		l.ledger.leave(one)
	}
	l.waits = l.waits[n:]
}

// enter has one more client wait for it; false means that there is no room.
func (l *ledger) enter(one largeSend, most int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waits[one.first] == 0 {
		if l.bytes+one.bytes > most {
			return false
		}
		l.bytes += one.bytes
	}
	if l.waits == nil {
		l.waits = make(map[*Packet]int)
	}
	l.waits[one.first]++
	return true
}

// leave has one client less wait for it.
func (l *ledger) leave(one largeSend) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waits[one.first]--; l.waits[one.first] == 0 {
		delete(l.waits, one.first)
		l.bytes -= one.bytes
	}
}

package order

import (
	"encoding/json"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// Tell has a committed message of this gateway told on all gateways, to the clients whom it is for. Others are told at once,
// since they may be waiting for it; own clients when its turn comes, often before Tell returns and on this goroutine. Then
// told is called, once, on any goroutine; only if too much waits it is called before. A row without a position has no turn.
func (s *Sequencer) Tell(row message.Stored, to message.Audience, event string, payload json.RawMessage, told func()) {
	args := []json.RawMessage{payload}
	s.options.Publish(row.Position, row.Previous, to, event, args)
	if row.Position == 0 {
		s.options.Local(0, to, event, args)
		told()
		return
	}
	e := &entry{position: row.Position, previous: row.Previous, to: to, event: event, args: args, told: told}
	if !s.take(e) {
		told()
	}
}

// Heard is a message of another gateway.
type Heard struct {
	Position, Previous uint64
	To                 message.Audience
	Event              string // empty where nobody here is in the rooms
	Args               []json.RawMessage
}

// Heard takes in messages of other gateways, as they came, and keeps no part of the slice. What was told already is dropped, and so is
// what comes twice.
func (s *Sequencer) Heard(messages []Heard) {
	now := time.Now()
	last := s.latest(now)
	entries := make([]entry, 0, len(messages))
	for _, m := range messages {
		if m.Position == 0 || m.Previous >= m.Position || m.Position > last {
			s.watch.OrderDropped(DroppedInvalid)
			continue
		}
		entries = append(entries, entry{position: m.Position, previous: m.Previous, to: m.To, event: m.Event, args: m.Args})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.acceptRun(entries, now) {
		for i := range entries {
			s.accept(&entries[i], now)
		}
	}
	s.tell()
}

// take has a message wait for its turn, and tells what may be told. False means that there is no place for it.
func (s *Sequencer) take(e *entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	accepted := s.accept(e, time.Now())
	s.tell()
	return accepted
}

// ahead is by how much a position that is heard may be later than now, and than what the database has said.
const ahead = 5 * time.Minute

// latest is the greatest position that is taken from others. Positions begin with the millisecond of their commit, and five minutes are more
// than clocks of servers that are looked after differ. What is later was sent by somebody else than a gateway, and would have the clock of all
// jump there. Each message takes a millisecond of its own: where more than a thousand are said a second the clock runs ahead of time, and the
// database has said so.
func (s *Sequencer) latest(now time.Time) uint64 {
	return max(positionOf(now), s.table.Load()) + spanOf(ahead)
}

// positionOf is the first of a millisecond.
func positionOf(t time.Time) uint64 { return uint64(t.UnixMilli()) * perMillisecond }

// spanOf is how many positions a time has.
func spanOf(d time.Duration) uint64 { return uint64(d.Milliseconds()) * perMillisecond }

const perMillisecond = 36 * 36 * 36 * 36

// accept is take without telling. mu is held.
func (s *Sequencer) accept(e *entry, now time.Time) bool {
	if e.told != nil {
		s.given(e.position)
	}
	s.know(e.position)
	switch w := &s.waiting; {
	case s.closed:
		return false
	case e.position <= s.delivered && e.told == nil: // the table was faster, or it comes twice: it needs no place
		return true
	case len(w.list) < s.options.MaxWaiting && w.bytes < s.options.MaxWaitingBytes, w.get(e.position) != nil, s.isNext(e):
	default:
		s.watch.OrderDropped(DroppedFull)
		return false
	}
	s.begin(e, now)
	s.waiting.add(e)
	return true
}

// begin has a message wait from now on, unless it is the next. mu is held.
func (s *Sequencer) begin(e *entry, now time.Time) {
	if !s.isNext(e) {
		e.at = now
	}
	e.gone = e.event == "" && e.position <= s.complete // or it would have been read
}

// acceptRun is accept of messages that other gateways have committed together, which get one place among what waits. False means that they
// have no place as one, and nothing was done. mu is held.
func (s *Sequencer) acceptRun(run []entry, now time.Time) (accepted bool) {
	w := &s.waiting
	if s.closed || len(run) == 0 || run[0].position <= s.delivered || len(w.list)+len(run) > s.options.MaxWaiting || w.bytes >= s.options.MaxWaitingBytes {
		return false
	}
	if !w.addRun(run) {
		return false
	}
	s.know(run[len(run)-1].position)
	for i := range run {
		s.begin(&run[i], now)
	}
	return true
}

// isNext tells whether a message can be told before all that wait. mu is held.
func (s *Sequencer) isNext(e *entry) bool {
	return e.previous <= s.reach()
}

// tell tells what may be told, unless another goroutine is at it, who goes on until there is no more. mu is held, and released while
// clients are told.
func (s *Sequencer) tell() {
	if s.telling || !s.running {
		return
	}
	s.telling = true
	defer func() { s.telling = false }() // also when an app's handler panics
	for e := s.next(); e != nil; e = s.next() {
		if late := e.position <= s.delivered; !late && !s.toLocal(e) {
			continue
		}
		s.delivered = max(s.delivered, e.position)
		s.progress()
		if e.told != nil {
			s.unlocked(e.told)
		}
	}
	s.suspect(time.Now)
}

// next takes out the message whose turn it is, or which is late, or returns nil. mu is held.
func (s *Sequencer) next() *entry {
	if e := s.waiting.first(); e != nil && !e.wanted && s.isNext(e) {
		s.waiting.pop()
		return e
	}
	if s.complete > s.delivered { // what waits is later
		s.delivered = s.complete
		s.progress()
	}
	return nil
}

// toLocal tells the clients. False means that there are some for whom the event is not known: it waits for its row.
func (s *Sequencer) toLocal(e *entry) (done bool) {
	s.unlocked(func() {
		if done = e.event != ""; done {
			s.options.Local(e.position, e.to, e.event, e.args)
			return
		}
		done = s.options.Pass(e.position, e.to.Rooms, e.gone)
	})
	if !done {
		e.gone = e.position <= s.complete
		e.wanted = !e.gone
		s.waiting.add(e)
		s.wakeReader()
	}
	return done
}

// unlocked calls f with mu released.
func (s *Sequencer) unlocked(f func()) {
	s.mu.Unlock()
	defer s.mu.Lock()
	f()
}

package socketio

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// want is a room of a session that is taken up.
type want struct {
	SavedRoom
	after Offset // what the client lacks of it, beside what was read from the Log already
}

// missed is what a client lacks that comes back.
type missed struct {
	rooms  []want
	own    Offset // as want.after, for what was told to everybody or to this socket alone
	read   []*entry
	logged bool
}

// maxReads is how often a Log is asked for one client: memory may lose again what it was asked for.
const maxReads = 3

// replay tells the client that its session goes on, then what it has missed, and then has it hear what is told. It returns why it
// did nothing of that.
func (r *recovery) replay(ctx context.Context, s *Socket, m missed, offset Offset) (reason string) {
	for range maxReads + 1 {
		done, reason, gaps, through := r.tryReplay(s, &m, offset)
		switch {
		case done != nil:
			r.Observer.Recovered(m.source(done), len(done))
			return ""
		case reason != "":
			return reason
		case r.Log == nil:
			return NotRecoveredLog
		}
		if reason = r.readLog(ctx, s.namespace, &m, gaps, through); reason != "" {
			return reason
		}
	}
	return NotRecoveredLimit
}

// tryReplay does it all under the delivery's lock, if memory reaches far enough: nothing is told meanwhile. Otherwise it returns the
// gaps that it has.
func (r *recovery) tryReplay(s *Socket, m *missed, offset Offset) (done []*entry, reason string, gaps []Gap, through Offset) {
	r.delivery.mu.Lock()
	defer r.delivery.mu.Unlock()
	if offset > r.reached() {
		return nil, NotRecoveredFuture, nil, 0
	}
	if gaps = r.gaps(s, m); gaps != nil {
		return nil, "", gaps, r.reached()
	}
	if r.ownIsLost(s, m) {
		return nil, NotRecoveredLog, nil, 0
	}
	entries := r.collect(s, m)
	packets := []*engineio.Packet{s.conn.accept(s)}
	for _, e := range entries {
		packets = append(packets, e.packets...)
	}
	if len(entries) > r.Limit || packetBytes(packets) > r.most {
		return nil, NotRecoveredLimit, nil, 0
	}
	s.comeBack(m.rooms, packets)
	return entries, "", nil, 0
}

func (m *missed) source(entries []*entry) string {
	switch {
	case len(entries) == 0:
		return RecoveredMissedNothing
	case m.logged:
		return RecoveredFromLog
	}
	return RecoveredFromMemory
}

// gaps returns what the ring does not have.
func (r *recovery) gaps(s *Socket, m *missed) (gaps []Gap) {
	for _, w := range m.rooms {
		if w.after < r.ring.reach(place{namespace: s.namespace.name, room: w.Name}) {
			gaps = append(gaps, Gap{w.Name, w.after})
		}
	}
	return gaps
}

// ownPlaces are where it is told what only this server tells.
func (s *Socket) ownPlaces() [2]place {
	return [...]place{{namespace: s.namespace.name, room: s.id}, {namespace: s.namespace.name, everybody: true}}
}

func (r *recovery) ownIsLost(s *Socket, m *missed) bool {
	for _, p := range s.ownPlaces() {
		if m.own < r.ring.reachOfOwn(p) {
			return true
		}
	}
	return false
}

// collect returns what the client has missed, in order, each once.
func (r *recovery) collect(s *Socket, m *missed) []*entry {
	entries := append([]*entry{}, m.read...)
	for _, w := range m.rooms {
		entries = append(entries, r.ring.since(place{namespace: s.namespace.name, room: w.Name}, w.after)...)
	}
	for _, p := range s.ownPlaces() {
		entries = append(entries, r.ring.since(p, m.own)...)
	}
	entries = slices.DeleteFunc(entries, func(e *entry) bool { return m.isExcepted(s, e) })
	slices.SortFunc(entries, func(a, b *entry) int { return cmp.Compare(a.offset, b.offset) })
	return slices.CompactFunc(entries, func(a, b *entry) bool { return a.offset == b.offset })
}

func (m *missed) isExcepted(s *Socket, e *entry) bool {
	return slices.ContainsFunc(e.except, func(room string) bool {
		return room == s.id || slices.ContainsFunc(m.rooms, func(w want) bool { return w.Name == room })
	})
}

// readLog reads the gaps, for this client and for whoever comes next.
func (r *recovery) readLog(ctx context.Context, ns *Namespace, m *missed, gaps []Gap, through Offset) (reason string) {
	kept, err := r.Log.Missed(ctx, ns, gaps, through, r.Limit)
	switch {
	case errors.Is(err, ErrTooMuch) || len(kept) > r.Limit:
		return NotRecoveredLimit
	case err != nil:
		return NotRecoveredLog
	}
	found := make([]*entry, len(kept))
	for i, k := range kept {
		if found[i], err = k.encode(ns); err != nil {
			return NotRecoveredLog
		}
	}
	m.logged = true
	m.fill(found, gaps, through)
	r.delivery.mu.Lock()
	defer r.delivery.mu.Unlock()
	for _, gap := range gaps {
		r.ring.backfill(place{namespace: ns.name, room: gap.Room}, gap.After, through, found)
	}
	r.ring.trim(time.Now())
	return ""
}

// fill takes in what was read of the gaps.
func (m *missed) fill(found []*entry, gaps []Gap, through Offset) {
	after := make(map[string]Offset, len(gaps))
	for _, gap := range gaps {
		after[gap.Room] = gap.After
	}
	for _, e := range found {
		if slices.ContainsFunc(e.places, func(p place) bool {
			o, asked := after[p.room]
			return asked && e.offset > o && e.offset <= through
		}) {
			m.read = append(m.read, e)
		}
	}
	for i, w := range m.rooms {
		if _, asked := after[w.Name]; asked {
			m.rooms[i].after = through
		}
	}
}

// comeBack connects a socket that takes up a session. The delivery's lock is held, so that kept events come behind the packets.
func (s *Socket) comeBack(rooms []want, packets []*engineio.Packet) {
	s.conn.session.Send(packets...) // a session that is closing is told so later
	s.phase.Store(connected)
	for _, w := range rooms {
		s.namespace.rooms.joinSince(s, w.Name, w.Since)
	}
	s.namespace.sockets.add(s)
}

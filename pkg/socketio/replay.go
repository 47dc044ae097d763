package socketio

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// want is a room of a session that is taken up.
type want struct {
	SavedRoom
	after Offset // the client has all events up to here, or the Log was read for them
	from  Offset // the ring is read behind this one: it may have events that the Log lacks, since only this server has told them
	until Offset // of the latest event before the client left the room; 0 if it is still in it
}

// missed is what a client that comes back has not received.
type missed struct {
	rooms   []want
	joined  []string // rooms that a middleware has let the client into
	own     Offset   // as want.after, for what was told to everybody or to this socket alone
	read    []*entry // from the Log
	logged  bool     // the Log was asked
	through Offset   // reached, when the ring was last looked into
}

// replay tells the client that its session goes on, sends what it has missed, and takes it into its rooms. A reason means that it
// did nothing of that. It looks into the ring first, and reads the Log for what is not there. A small ring may lose again what came
// while the Log was read: then that is read too.
func (r *recovery) replay(ctx context.Context, s *Socket, m missed, offset Offset) (reason string) {
	for ctx.Err() == nil {
		entries, gaps, reason := r.tryReplay(s, &m, offset)
		switch {
		case reason != "":
			return reason
		case gaps == nil:
			r.Observer.Recovered(m.source(entries), len(entries))
			return ""
		case r.Log == nil:
			return NotRecoveredLog
		}
		if reason = r.readLog(ctx, s.namespace, &m, gaps); reason != "" {
			return reason
		}
	}
	return NotRecoveredLog
}

// tryReplay does all of it under the delivery's lock, since nothing may be told meanwhile, and returns what the client was sent. If
// the ring does not reach far enough, it does nothing and returns the gaps.
func (r *recovery) tryReplay(s *Socket, m *missed, offset Offset) (entries []*entry, gaps []Gap, reason string) {
	r.delivery.mu.Lock()
	defer r.delivery.mu.Unlock()
	m.through = r.reached()
	if offset > m.through {
		return nil, nil, NotRecoveredFuture
	}
	if gaps = r.gaps(s, m); gaps != nil {
		return nil, gaps, ""
	}
	if r.ownIsLost(s, m) {
		return nil, nil, NotRecoveredLog
	}
	entries, few := r.collect(s, m)
	packets := []*engineio.Packet{s.conn.accept(s)}
	for _, e := range entries {
		packets = append(packets, e.packets...)
	}
	if !few || len(entries) > r.Limit || packetBytes(packets) > r.most {
		return nil, nil, NotRecoveredLimit
	}
	s.comeBack(m, packets)
	return entries, nil, ""
}

func packetBytes(packets []*engineio.Packet) (n int) {
	for _, p := range packets {
		n += p.Len()
	}
	return n
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

// gaps returns what the ring does not have, and notes from where on it has the rest.
func (r *recovery) gaps(s *Socket, m *missed) (gaps []Gap) {
	for i, w := range m.rooms {
		if reach := r.ring.reach(place{namespace: s.namespace.name, room: w.Name}); w.after < reach {
			m.rooms[i].from = reach
			gaps = append(gaps, Gap{w.Name, w.after})
		}
	}
	return gaps
}

// ownPlaces are where events are told that no Log knows.
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

// collect returns what the client has missed, in order, each event once. Few is false if there is too much to look through: four times the
// Limit, since an event may be found in several rooms, or not be for this client.
func (r *recovery) collect(s *Socket, m *missed) (entries []*entry, few bool) {
	entries = slices.Clone(m.read)
	add := func(p place, after, until Offset) bool {
		found := r.ring.since(p, after)
		if until != 0 {
			found = found[:upTo(found, until)]
		}
		if len(entries)+len(found) > 4*r.Limit {
			return false
		}
		for _, s := range found {
			entries = append(entries, r.ring.read(s))
		}
		return true
	}
	for _, w := range m.rooms {
		if !add(place{namespace: s.namespace.name, room: w.Name}, w.from, w.until) {
			return nil, false
		}
	}
	for _, p := range s.ownPlaces() {
		if !add(p, m.own, 0) {
			return nil, false
		}
	}
	entries = slices.DeleteFunc(entries, func(e *entry) bool { return m.isExcepted(s, e) })
	slices.SortFunc(entries, func(a, b *entry) int { return cmp.Compare(a.offset, b.offset) })
	return slices.CompactFunc(entries, func(a, b *entry) bool { return a.offset == b.offset }), true
}

func (m *missed) isExcepted(s *Socket, e *entry) bool {
	return slices.ContainsFunc(e.except, func(room string) bool {
		return room == s.id || slices.ContainsFunc(m.rooms, func(w want) bool { return w.Name == room && w.covers(e.offset) })
	})
}

// readLog reads the gaps for this client, and leaves them in the ring for whoever comes next.
func (r *recovery) readLog(ctx context.Context, ns *Namespace, m *missed, gaps []Gap) (reason string) {
	kept, err := r.Log.Missed(ctx, ns, gaps, m.through, r.Limit)
	switch {
	case errors.Is(err, ErrTooMuch) || len(kept)+len(m.read) > 2*r.Limit: // that is surely more; some may have been read twice
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
	m.fill(found, gaps)
	r.delivery.mu.Lock()
	defer r.delivery.mu.Unlock()
	for _, gap := range gaps {
		r.ring.backfill(place{namespace: ns.name, room: gap.Room}, gap.After, m.through, found)
	}
	r.ring.trim()
	return ""
}

// fill takes in what was read of the gaps.
func (m *missed) fill(found []*entry, gaps []Gap) {
	asked := make(map[string]bool, len(gaps))
	for _, gap := range gaps {
		asked[gap.Room] = true
	}
	for _, e := range found {
		if e.offset <= m.through && slices.ContainsFunc(m.rooms, func(w want) bool {
			return asked[w.Name] && e.offset > w.after && w.covers(e.offset) && slices.Contains(e.rooms, w.Name)
		}) {
			m.read = append(m.read, e)
		}
	}
	for i, w := range m.rooms {
		if asked[w.Name] {
			m.rooms[i].after = m.through
		}
	}
}

// comeBack connects a socket that takes up a session. The delivery's lock is held, so that kept events come behind the packets.
func (s *Socket) comeBack(m *missed, packets []*engineio.Packet) {
	for _, w := range m.rooms {
		if w.until == 0 {
			s.namespace.rooms.joinSince(s, w.Name, w.Since)
		} else { // the client may be cut off again before it has got that
			s.origin.left = append(s.origin.left, LeftRoom{w.Name, w.Since, w.until})
		}
	}
	for _, room := range m.joined {
		s.namespace.rooms.join(s, room)
	}
	s.conn.tell(s, packets...)
}

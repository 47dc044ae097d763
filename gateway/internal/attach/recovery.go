package attach

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Recovery is what has become of a client that came back for a socket, as metrics name it.
type Recovery string

// The outcomes. With all but the first the client begins anew.
const (
	Recovered      Recovery = "recovered"
	UnknownSession Recovery = "unknown"  // of another gateway, or away for too long
	UnknownOffset  Recovery = "offset"   // none of this gateway's
	TooOld         Recovery = "too old"  // some of what it missed is gone
	TooMuch        Recovery = "too much" // RecoveryLimit, or half of ClientBytes
)

// Recoveries are all of them.
var Recoveries = []Recovery{Recovered, UnknownSession, UnknownOffset, TooOld, TooMuch}

// recoveredSession is the body of RECOVERED.
type recoveredSession struct {
	SID   string   `json:"sid"`
	PID   string   `json:"pid"`
	Rooms []string `json:"rooms"`
	Data  []byte   `json:"data,omitempty"`
}

// recoveredFrame is the answer to RECOVER; nil is nothing.
func recoveredFrame(request uint64, s *recoveredSession) []byte {
	b := binary.AppendUvarint(begin(nil, opRecovered), request)
	if s != nil {
		text, _ := json.Marshal(s)
		b = append(b, text...)
	}
	return end(b, 0)
}

// recover is RECOVER: a client of the process has come back for a socket. The first that asks gets it. The answer waits until no process has
// the socket any more.
func (l *link) recover(d *decoder) error {
	request := d.uvarint()
	var said struct{ Nsp, PID, Offset string }
	d.json(&said)
	if err := d.done(); err != nil {
		return err
	}
	h := l.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.byPID[said.PID]; s != nil && s.space.name == said.Nsp {
		if _, ok := h.memory.number(said.Offset); ok {
			h.replace(s.client)
		}
	}
	a := h.absent.byPID[said.PID]
	if a == nil || a.nsp != said.Nsp || a.claim != nil {
		h.options.Observer.AppRecovery(UnknownSession)
		l.put(recoveredFrame(request, nil))
		return nil
	}
	a.claim = &claim{l, request, said.Offset}
	if !a.waits {
		h.answerClaim(a)
	}
	return nil
}

// replace ends a client that has come back by another connection, before this one was known to be dead. mu is held.
func (h *Hub) replace(c *client) {
	h.end(c, socketio.Replaced)
	c.session.Close(socketio.Replaced)
}

// name gives a socket the pid that its client may come back by. mu and client.mu are held.
func (h *Hub) name(s *socket, pid string) {
	if h.byPID[s.pid] == s {
		delete(h.byPID, s.pid)
	}
	if s.pid = pid; pid != "" && h.memory.keeps() {
		h.byPID[pid] = s
	}
}

// answerClaim tells the process that asked whether its client has the socket again. mu is held.
func (h *Hub) answerClaim(a *absence) {
	what := h.take(a)
	h.options.Observer.AppRecovery(what)
	if what != Recovered {
		h.absent.remove(a)
		return
	}
	a.claimed = true
	s := &recoveredSession{SID: a.sid, PID: a.pid, Rooms: make([]string, 0, len(a.stays)), Data: a.data}
	for _, in := range a.stays {
		s.Rooms = append(s.Rooms, in.room)
	}
	a.claim.link.put(recoveredFrame(a.claim.request, s))
}

// take finds out from which event on the client has to be told, and whether that can be done. mu is held.
func (h *Hub) take(a *absence) Recovery {
	if time.Since(a.at) > time.Duration(h.memory.window.Load()) {
		return UnknownSession
	}
	number, ok := h.memory.number(a.claim.offset)
	if !ok {
		return UnknownOffset
	}
	a.after = max(number, a.since) // clients keep the offset of a session that they lost
	sp := h.space(a.nsp)
	sp.mu.Lock()
	defer sp.mu.Unlock()
	missed, whole := sp.ring.missed(a.after, a.stays, a.of)
	size := 0
	for _, e := range missed {
		size += int(e.size)
	}
	switch {
	case !whole:
		return TooOld
	case len(missed) > h.options.RecoveryLimit, size > h.options.ClientBytes/2:
		return TooMuch
	}
	return Recovered
}

// resumption is what waits for the CONNECT reply of a socket that has come back: what it missed, and what is told until the reply comes.
// Official servers send the reply last, and so it is by polling, where all of it is one answer. By WebSocket the reply goes first: a client
// whose connection is cut before the reply keeps events in its buffer, and would get them once more when it comes back.
type resumption struct {
	packets     []*engineio.Packet
	bytes       int
	unconfirmed map[string]bool // rooms that the app has not joined again
}

// returned has a socket taken up by the client that has claimed it. mu and client.mu are held.
func (h *Hub) returned(s *socket, pid string) {
	a := h.absent.byPID[pid]
	if a == nil || !a.claimed || a.nsp != s.space.name || a.sid != s.id {
		return
	}
	h.absent.remove(a)
	s.data = a.data
	s.client.resuming.Add(1)
	if !s.space.takeUp(s, a) {
		s.client.session.Close(AppSlow)
	}
}

// takeUp gives a socket the rooms that it had before, and what it missed. False means that some of that is not in the ring any more.
func (sp *space) takeUp(s *socket, a *absence) bool {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	s.since, s.resume = a.since, &resumption{unconfirmed: make(map[string]bool)}
	for _, in := range a.stays[1:] {
		sp.sit(s, in)
		s.resume.unconfirmed[in.room] = true
	}
	missed, whole := sp.ring.missed(a.after, a.stays, a.of)
	for _, e := range missed {
		s.resume.add(s, e.packets)
	}
	return whole
}

// add has packets wait for the CONNECT reply. space.mu is held.
func (r *resumption) add(s *socket, packets []*engineio.Packet) {
	for _, p := range packets {
		r.bytes += p.Len()
	}
	if r.bytes > s.client.hub.options.ClientBytes {
		s.client.session.Close(AppSlow)
		return
	}
	r.packets = append(r.packets, packets...)
}

// confirm notes that the app has joined a room again. space.mu is held.
func (r *resumption) confirm(room string) {
	if r != nil {
		delete(r.unconfirmed, room)
	}
}

// resumes sends a CONNECT reply and what was missed. False means that nothing waits for this packet: the caller sends it.
func (c *client) resumes(packets []*engineio.Packet) bool {
	nsp, ok := connectReply(packets[0])
	if !ok {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.socketOf(nsp)
	return s != nil && s.space.resume(s, packets)
}

// connectReply tells of a packet whether it says that a namespace has let the client in, and which.
func connectReply(packet *engineio.Packet) (nsp string, ok bool) {
	isBinary, head := packet.Payload()
	if isBinary {
		p, ok := readPacked(head)
		return p.nsp, ok && p.kind == 0
	}
	if len(head) < 2 || head[1] != '0' {
		return "", false
	}
	return namespaceOf(head[1:]), true
}

func (sp *space) resume(s *socket, reply []*engineio.Packet) bool {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	r := s.resume
	if r == nil {
		return false
	}
	s.resume = nil
	s.client.resuming.Add(-1)
	sp.standIn(s, slices.Collect(maps.Keys(r.unconfirmed)))
	if s.client.polling.Load() {
		s.client.session.Send(append(r.packets, reply...)...)
	} else {
		s.client.session.Send(append(reply, r.packets...)...)
	}
	return true
}

// stays lists the rooms of a socket, its own first, and the last number before it connected.
func (s *socket) stays() (stays []stay, since int64) {
	sp := s.space
	sp.mu.Lock()
	defer sp.mu.Unlock()
	stays = append(make([]stay, 0, len(s.seats.list)+1), stay{s.id, s.since})
	for _, at := range s.seats.list {
		stays = append(stays, stay{at.room.name, at.since})
	}
	return stays, s.since
}

package engineio

import (
	"net"
	"net/http"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketgate/socketgate/pkg/engineio/internal/netpoll"
)

// upgrade is how far a WebSocket has come that asks to carry a session in the place of polling. Session.mu
// guards it.
type upgrade struct {
	stage upgradeStage
	conn  *netpoll.Conn // of the WebSocket, from upgradeConnected on
}

// upgradeStage follows the client's way from polling to a WebSocket.
//
//	stage             meaning                                              moved there by
//	noUpgrade         no WebSocket asks                                    newPolling; abandonUpgrade, whatever failed
//	upgradeClaimed    an upgrade request has come; others are turned away  claimUpgrade
//	upgradeConnected  the WebSocket is there; it is cut when the session   limitUpgrade
//	                  closes, or after UpgradeTimeout
//	upgradeAsked      "2probe" has come and is answered; the client now    hurryPolls
//	                  waits for its GET, which is answered with a noop
//	                  after noopDelay. A session that closes now is told
//	                  what is left by the WebSocket, at "5"
//
// At "5" Session.upgradeTo makes the WebSocket the carrier and polling over. The stage is not moved any more:
// only requests that are still under way look at the polling.
type upgradeStage uint8

const (
	noUpgrade upgradeStage = iota
	upgradeClaimed
	upgradeConnected
	upgradeAsked
)

var probeAnswer = newPacket(finText, []byte("3probe"))

// candidate is a WebSocket that asks to take over a session from polling. It may send pings, "2probe" once, and then
// "5". By anything else it fails, which leaves the session as it was.
type candidate struct {
	polling   *polling
	websocket *websocket
	asked     bool        // "2probe" has come
	timeout   *time.Timer // cuts it
}

// serveUpgrade answers the upgrade of a session that began with polling. Net/http's goroutine ends here.
func serveUpgrade(s *Session, w http.ResponseWriter, r *http.Request) {
	p := s.claimUpgrade() // before the client can know
	conn, early, answer, err := accept(w, r)
	if err == nil {
		err = writeAnswer(conn, answer)
	}
	switch {
	case err != nil:
		s.server.options.Observer.HandshakeRefused(CauseBadRequest)
		if p != nil {
			p.abandonUpgrade()
			s.server.release()
		}
		if conn != nil {
			conn.Close()
		}
	case p == nil: // there is one already, or has been
		turnAway(conn)
		conn.Close()
	default:
		c := newWebsocket(s, conn)
		p.try(c)
		c.consumeBuffered(early)
		c.conn.Start()
	}
}

// claimUpgrade takes the one place for a candidate, and acquires what Shutdown waits for meanwhile: it is released once the candidate
// is closed, or carries the session. Nil means that the place is not to be had.
func (s *Session) claimUpgrade() *polling {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open {
		return nil
	}
	p := s.carrier.claimUpgrade()
	if p != nil {
		s.server.acquire()
	}
	return p
}

func (p *polling) claimUpgrade() *polling {
	if p.upgrade.stage != noUpgrade {
		return nil
	}
	p.upgrade.stage = upgradeClaimed
	return p
}

// try makes a WebSocket the candidate, and gives it its time. The session's end cuts it short.
func (p *polling) try(c *websocket) {
	c.candidate = &candidate{polling: p, websocket: c, timeout: time.AfterFunc(UpgradeTimeout, c.conn.Cut)}
	p.session.mu.Lock()
	defer p.session.mu.Unlock()
	p.upgrade = upgrade{stage: upgradeConnected, conn: c.conn}
	if p.session.state != open {
		c.conn.Cut()
	}
}

// gone is the end of a candidate that does not carry the session.
func (q *candidate) gone() {
	q.timeout.Stop()
	q.polling.abandonUpgrade() // before the client can know, and try again
	turnAway(q.websocket.conn)
	q.websocket.conn.Close()
	q.websocket.session.server.release()
}

// turnAway says goodbye to a client whose WebSocket does not carry its session.
func turnAway(conn net.Conn) {
	conn.SetWriteDeadline(time.Now().Add(time.Second))
	conn.Write(closeNormal.frame)
}

// frame takes a frame of the candidate. What it sends right behind the upgrade packet goes to the session.
func (q *candidate) frame(opcode ws.OpCode, data []byte) (more bool) {
	c := q.websocket
	switch {
	case opcode == ws.OpPing:
		_, err := c.conn.Write(newPacket(finPong, data).frame)
		c.ignoring = err != nil
	case opcode == ws.OpText && string(data) == "2probe" && !q.asked:
		q.asked = true
		q.polling.hurryPolls() // before the client can know, and read no more by polling
		_, err := c.conn.Write(probeAnswer.frame)
		c.ignoring = err != nil
	case opcode == ws.OpText && string(data) == "5" && q.asked && q.timeout.Stop() && c.session.upgradeTo(c, q.polling):
		c.candidate = nil
		c.session.tellUpgraded()
		c.session.server.release() // by now it holds on to the session alone
	default:
		c.ignoring = true
		if opcode == ws.OpText && string(data) == "5" && q.asked {
			q.tellLast()
		}
	}
	return !c.ignoring
}

// tellLast ends a closing session, whose client does not poll any more, once what it is told last is written.
func (q *candidate) tellLast() {
	p, s := q.polling, q.polling.session
	s.mu.Lock()
	if s.state != closing || !p.carries() {
		s.mu.Unlock()
		return
	}
	b := s.outbox.take()
	p.upgrade.conn = nil // whose end is gone's affair
	s.mu.Unlock()
	if b != nil {
		q.write(b)
		b.free()
	}
	s.end(TransportClose)
}

// maxLast is how many bytes may be told like that. They have room in the kernel: whoever reads nothing holds up nobody.
const maxLast = 8 << 10

// write writes what is before polling's goodbye.
func (q *candidate) write(b *batch) {
	if b.cost > maxLast || b.large > 0 {
		return
	}
	var frames []byte
	for _, packet := range b.packets[:len(b.packets)-1] {
		frames = append(frames, packet.frame...)
	}
	q.websocket.conn.SetWriteDeadline(time.Now().Add(time.Second))
	q.websocket.conn.Write(frames)
}

// hurryPolls has GETs answered soon.
func (p *polling) hurryPolls() {
	p.session.mu.Lock()
	p.upgrade.stage = upgradeAsked
	p.session.mu.Unlock()
	p.wake()
}

// abandonUpgrade gives the place back, and whatever time the session had beyond its own.
func (p *polling) abandonUpgrade() {
	s := p.session
	s.mu.Lock()
	defer s.mu.Unlock()
	p.upgrade = upgrade{}
	if by := p.upgradeBy(); by != 0 && s.state == open {
		s.server.wheel.add(s, by)
	}
}

// upgradeTo has c carry the session from now on, in the place of p. False means that the session is closing.
func (s *Session) upgradeTo(c *websocket, p *polling) bool {
	s.mu.Lock()
	if s.state != open {
		s.mu.Unlock()
		return false
	}
	s.carrier = c
	if s.settled.Load() { // before or after this the carrier is told
		c.shareTurns(s.crowdNow())
	}
	wake := s.outbox.more() // the writing side is c's now
	if s.awaiting {         // the ping may have been lost with the polling
		s.due = s.server.wheel.clock() + s.server.options.PingTimeout
	}
	p.over = true
	s.mu.Unlock()
	p.wake()
	if wake {
		c.wake()
	}
	return true
}

// tellUpgraded tells a receiver that wants to know.
func (s *Session) tellUpgraded() {
	s.turn.Lock()
	defer s.turn.Unlock()
	if u, ok := s.receiver.(Upgrader); ok && s.isOpen() {
		u.Upgraded()
	}
}

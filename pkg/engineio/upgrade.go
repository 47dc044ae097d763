package engineio

import (
	"bufio"
	"net"
	"net/http"
	"time"

	"github.com/gobwas/ws"
)

// probeTimeout is how long a client may take from opening the WebSocket to using it
// (upgradeTimeout of the official server).
const probeTimeout = 10 * time.Second

var probeAnswer = newPacket(finText, []byte("3probe"))

// probe is a WebSocket that asks to take over a session from polling. Whatever it says but that
// ends it, and leaves the session as it was.
type probe struct {
	polling *polling
	carrier *websocket
	asked   bool
}

// serveUpgrade answers the upgrade of a session that began with polling.
func serveUpgrade(s *Session, w http.ResponseWriter, r *http.Request) {
	p := s.beginProbe() // before the client can know
	if p != nil {
		defer s.server.readers.Done()
	}
	conn, early, answer, err := accept(w, r)
	if err == nil {
		err = writeAnswer(conn, answer)
	}
	switch {
	case err != nil:
		s.server.options.Observer.HandshakeRefused(CauseBadRequest)
		s.endProbe(p)
		if conn != nil {
			conn.Close()
		}
	case p == nil: // there is one already, or has been
		refuseProbe(conn)
	default:
		s.runProbe(p, conn, early)
	}
}

// runProbe ends with the probe; what it becomes when it succeeds runs on.
func (s *Session) runProbe(p *polling, conn net.Conn, early *bufio.Reader) {
	c := newWebsocket(s, conn)
	c.probe = &probe{polling: p, carrier: c}
	p.limitProbe(conn)
	if c.listenProbe(early) {
		c.begin()
		return
	}
	s.endProbe(p)
	refuseProbe(conn)
	c.release()
}

func refuseProbe(conn net.Conn) {
	conn.SetWriteDeadline(time.Now().Add(time.Second))
	conn.Write(closeNormal.frame)
	conn.Close()
}

// listenProbe reads until the probe has succeeded or failed.
func (c *websocket) listenProbe(early *bufio.Reader) (upgraded bool) {
	c.consumeBuffered(early)
	for c.probe != nil && !c.deaf {
		r := readings.Get().(*reading)
		readBlocking(c.conn, r)
		if r.err != nil {
			c.deaf = true
		} else {
			c.decode(r, r.buffer[:r.n])
		}
		readings.Put(r)
	}
	return c.probe == nil
}

// frame takes a frame of the probing client. What it sends right behind the upgrade packet goes to
// the session.
func (q *probe) frame(opcode ws.OpCode, data []byte) (more bool) {
	c := q.carrier
	switch {
	case opcode == ws.OpPing:
		_, err := c.conn.Write(newPacket(finPong, data).frame)
		c.deaf = err != nil
	case opcode == ws.OpText && string(data) == "2probe" && !q.asked:
		q.asked = true
		_, err := c.conn.Write(probeAnswer.frame)
		c.deaf = err != nil
		q.polling.expectUpgrade()
	case opcode == ws.OpText && string(data) == "5" && q.asked && c.session.upgrade(q.polling, c):
		c.probe = nil
	default:
		c.deaf = true
	}
	return !c.deaf
}

// beginProbe takes the one place for a probe; nil means that it is not to be had. The server waits
// for the probe's end.
func (s *Session) beginProbe() *polling {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.carrier.(*polling)
	if !ok || s.state != open || p.probing {
		return nil
	}
	p.probing = true
	s.server.readers.Add(1)
	return p
}

// limitProbe gives a probe its time. The session's end cuts it short.
func (p *polling) limitProbe(conn net.Conn) {
	p.session.mu.Lock()
	defer p.session.mu.Unlock()
	p.probe = conn
	conn.SetDeadline(time.Now().Add(probeTimeout))
	if p.session.state != open {
		conn.SetDeadline(past)
	}
}

// endProbe gives the place back. P may be nil.
func (s *Session) endProbe(p *polling) {
	if p == nil {
		return
	}
	s.mu.Lock()
	p.probing, p.probe, p.probed = false, nil, false
	s.mu.Unlock()
}

// expectUpgrade has GETs answered soon.
func (p *polling) expectUpgrade() {
	p.session.mu.Lock()
	p.probed = true
	p.session.mu.Unlock()
	p.wake()
}

// upgrade has c carry the session from now on.
func (s *Session) upgrade(p *polling, c *websocket) bool {
	s.mu.Lock()
	if s.state != open {
		s.mu.Unlock()
		return false
	}
	s.carrier = c
	s.upgradeBy = 0
	s.writing = s.out != nil
	wake := s.writing
	if s.awaiting { // the ping may have been lost with the polling
		s.due = s.server.wheel.clock() + s.server.options.PingTimeout
	}
	c.conn.SetDeadline(time.Time{})
	s.mu.Unlock()
	close(p.over)
	if wake {
		c.wake()
	}
	return true
}

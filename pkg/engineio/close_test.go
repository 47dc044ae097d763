package engineio

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

func TestClientCloseIsAnsweredAndTheConnectionClosedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newRecorder()
		server, network := serveMemory(t, h, Options{CloseGrace: time.Hour})
		c := network.dialOpen()
		start := time.Now()
		c.raw(frame(finClose, "\x03\xe8bye"))
		if opcode, payload, err := c.next(); opcode != ws.OpClose || payload != "" || err != nil {
			t.Errorf("got opcode %d, %q, %v, want a close frame without a code", opcode, payload, err)
		}
		if _, _, err := c.next(); !errors.Is(err, io.EOF) {
			t.Errorf("after the close frame: %v, want EOF", err)
		}
		synctest.Wait()
		if n := server.Sessions(); n != 0 || time.Since(start) != 0 {
			t.Errorf("%d sessions after %v", n, time.Since(start))
		}
		if reason := <-h.closed; reason != TransportClose {
			t.Errorf("reason %q, want %q", reason, TransportClose)
		}
	})
}

func TestConnectionThatGoesAwayEndsItsSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newRecorder()
		server, network := serveMemory(t, h, Options{})
		c := network.dialOpen()
		c.raw(frame(finText, "4in the middle of a frame")[:9])
		c.conn.Close()
		if reason := <-h.closed; reason != TransportClose {
			t.Errorf("reason %q, want %q", reason, TransportClose)
		}
		synctest.Wait()
		if n := server.Sessions(); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		// A timer of CloseGrace may have the session for a while; its half frame must not wait for that.
		if s := <-h.opened; s.carrier.(*websocket).pending != nil || s.receiver != nil {
			t.Error("the session holds on to what it does not need any more")
		}
	})
}

// numbered is a packet of some size that says which one it is.
func numbered(i, size int) *Packet {
	return BinaryMessage(binary.BigEndian.AppendUint32(make([]byte, size-4, size), uint32(i)))
}

func (c *client) expectNumbered(count int) {
	c.t.Helper()
	for i := range count {
		got := c.read()
		if n := binary.BigEndian.Uint32([]byte(got[len(got)-4:])); n != uint32(i) {
			c.t.Fatalf("packet %d arrived, want %d", n, i)
		}
	}
}

func TestCloseComesAfterEverythingThatWasQueued(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	const count, size = 500, 20_000 // more than the kernel takes at once
	h.onOpen = func(s *Session) {
		for i := range count {
			if err := s.Send(numbered(i, size)); err != nil {
				t.Errorf("send: %v", err)
			}
		}
		s.Close(ForcedClose)
		if err := s.Send(numbered(count, size)); !errors.Is(err, ErrClosed) {
			t.Errorf("send after Close: %v", err)
		}
		s.Close(ParseError) // the first reason stays
	}
	_, address := serve(t, h, Options{SendQueueBytes: 64 << 20, CloseGrace: patience})
	c := dialOpen(t, address)
	c.expectNumbered(count)
	if code := c.closed(); code != 1005 {
		t.Errorf("close code %d, want 1005", code)
	}
	c.raw(frame(finClose, ""))
	if reason := within(t, h.closed, "the end"); reason != ForcedClose {
		t.Errorf("reason %q, want %q", reason, ForcedClose)
	}
}

// Closing a connection with unread bytes makes the kernel send a reset, which throws away what the
// client has not read yet.
func TestCloseDeliversTheQueueToAClientThatKeepsSending(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	_, address := serve(t, h, Options{SendQueueBytes: 64 << 20, CloseGrace: patience, MaxPayload: 1 << 20})
	c := dialOpen(t, address)
	s := within(t, h.opened, "the session")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		noise := frame(finText, "6"+strings.Repeat("x", 10_000))
		for err := error(nil); err == nil; {
			select {
			case <-stop:
				return
			default:
				_, err = c.conn.Write(noise)
			}
		}
	}()
	const count = 300
	for i := range count {
		s.Send(numbered(i, 10_000))
	}
	s.Close(ForcedClose)
	c.expectNumbered(count)
	if code := c.closed(); code != 1005 {
		t.Errorf("close code %d, want 1005", code)
	}
	close(stop)
	<-stopped
	c.conn.Close()
}

func TestPeerThatNeverAnswersACloseIsCutAfterTheGrace(t *testing.T) {
	t.Parallel()
	for name, reads := range map[string]bool{"reads": true, "reads nothing": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newRecorder()
				server, network := serveMemory(t, h, Options{CloseGrace: 3 * time.Second})
				c := network.dialOpen()
				(<-h.opened).Close(ForcedClose)
				if reads {
					if opcode, _, err := c.next(); opcode != ws.OpClose || err != nil {
						t.Fatalf("got opcode %d, %v, want a close frame", opcode, err)
					}
				}
				time.Sleep(3*time.Second - time.Millisecond)
				synctest.Wait()
				if server.Sessions() != 1 {
					t.Error("cut before the grace was over")
				}
				time.Sleep(time.Millisecond)
				synctest.Wait()
				if server.Sessions() != 0 {
					t.Error("not cut when the grace was over")
				}
				if _, err := c.conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
					t.Errorf("the connection: %v, want EOF", err)
				}
			})
		})
	}
}

// A client that answers no close frame may still notice that the stream has ended.
func TestCloseFrameIsTheEndOfTheStream(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	_, address := serve(t, h, Options{CloseGrace: time.Hour})
	c := dialOpen(t, address)
	within(t, h.opened, "the session").Close(ForcedClose)
	if code := c.closed(); code != 1005 {
		t.Errorf("close code %d, want 1005", code)
	}
	if _, _, err := c.next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the close frame: %v, want EOF", err)
	}
	c.conn.Close()
}

// Only who is closed in good order has the grace.
func TestSessionThatIsCutHasNoGrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newRecorder()
		_, network := serveMemory(t, h, Options{CloseGrace: time.Hour, SendQueueBytes: 1000})
		c := network.dialOpen()
		start := time.Now()
		if err := (<-h.opened).Send(numbered(0, 20_000)); !errors.Is(err, ErrClosed) {
			t.Errorf("send over the limit: %v, want ErrClosed", err)
		}
		if code := c.closed(); code != 0 {
			t.Errorf("close code %d, want none", code)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("cut after %v", took)
		}
		if reason := <-h.closed; reason != QueueFull {
			t.Errorf("reason %q, want %q", reason, QueueFull)
		}
	})
}

func TestClosedIsToldOnceAfterTheLastMessage(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	seen := newCauses()
	_, address := serve(t, h, Options{Observer: seen})
	for i := range 50 {
		c := dialOpen(t, address)
		s := within(t, h.opened, "the session")
		done := make(chan struct{})
		for _, end := range []func(){
			func() { s.Close(ForcedClose) },
			func() { s.Close(ParseError) },
			func() { c.conn.Conn.(*net.TCPConn).SetLinger(i % 2); c.conn.Close() },
			func() { s.end(QueueFull) },
		} {
			go func() { end(); done <- struct{}{} }()
		}
		for range 4 {
			within(t, done, "an end")
		}
		if told, counted := within(t, h.closed, "the end"), within(t, seen.closed, "the count"); told != counted {
			t.Errorf("told %q, counted %q", told, counted)
		}
	}
	select {
	case reason := <-h.closed:
		t.Errorf("one session was told twice: %q", reason)
	default:
	}
}

func TestSendAfterTheEndIsRefused(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	_, address := serve(t, h, Options{})
	c := dialOpen(t, address)
	s := within(t, h.opened, "the session")
	c.conn.Close()
	within(t, h.closed, "the end")
	if err := s.Send(Message([]byte("late"))); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

// On TCP nobody is parked on the connection who could find the deadline passed.
func TestSilentPeerOnTCPIsCutOffAfterItsGrace(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	server, address := serve(t, h, Options{CloseGrace: 50 * time.Millisecond})
	c := dialOpen(t, address) // never answers the close frame
	within(t, h.opened, "the session").Close(ForcedClose)
	within(t, h.closed, "the end")
	for deadline := time.Now().Add(patience); server.Sessions() > 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the session is still there")
		}
	}
	c.closed()
}

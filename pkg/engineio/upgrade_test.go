package engineio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// probes opens a WebSocket for the session of p.
func (m *memory) probes(p *poller) *client {
	m.t.Helper()
	c, err := m.try("/engine.io/" + strings.Replace(p.query, "polling", "websocket", 1))
	if err != nil {
		m.t.Fatalf("probe: %v", err)
	}
	return c
}

// ended checks that the server closes a probe with the bare close frame of the official server.
func (c *client) ended() {
	c.t.Helper()
	if code := c.closed(); code != 1005 {
		c.t.Errorf("close code %d, want 1005", code)
	}
	if _, err := c.conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		c.t.Errorf("the connection: %v, want EOF", err)
	}
}

// upgraded does the whole upgrade.
func (m *memory) upgraded(p *poller) *client {
	m.t.Helper()
	c := m.probes(p)
	c.send("2probe")
	c.expect("3probe")
	c.send("5")
	synctest.Wait()
	return c
}

func TestUpgradeByTheBook(t *testing.T) {
	onFakeTime(t, Options{Polling: PollingUpgrade}, func(t *testing.T, h *recorder, server *Server, network *memory) {
		p := network.poller().open()
		s := <-h.opened
		c := network.probes(p)
		got := p.pending()
		c.send("2probe")
		c.expect("3probe")
		p.gets(<-got, 200, "6")
		c.send("5")
		c.send("4hello")
		c.expect("4hello")
		s.Send(Message([]byte("from the server")))
		c.expect("4from the server")
		p.gets(p.get(), 400, isBadRequest)
		p.gets(p.post("4x"), 400, isBadRequest)
		time.Sleep(11 * time.Second) // its time to upgrade is over, and so is the probe's
		c.send("4still here")
		c.expect("4still here")
		if server.Sessions() != 1 || s.ID() == "" {
			t.Errorf("%d sessions, want the one", server.Sessions())
		}
		h.expectNoEnd(t)
		c.raw(frame(finClose, ""))
		c.ended()
		h.expectEnd(t, TransportClose)
	})
}

func TestPacketsSentDuringTheUpgradeArriveOnceAndInOrder(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		s := <-h.opened
		next := 0
		send := func() { s.Send(Message(fmt.Appendf(nil, "%d", next))); next++ }
		send()
		c := network.probes(p)
		send()
		p.expect("40\x1e41")
		c.send("2probe")
		c.expect("3probe")
		send()
		p.expect("42") // polling carries on until the client says 5
		send()
		send()
		c.send("5")
		send()
		for i := 3; i < 6; i++ {
			c.expect(fmt.Sprintf("4%d", i))
		}
		c.send("4last")
		c.expect("4last")
	})
}

// The official suite does not wait for the answer to its probe.
func TestUpgradeInOneBreathAndThenAPoll(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		for _, split := range []int{1, 8, 12, 14, 19} {
			p := network.poller().open()
			c := network.probes(p)
			got := p.pending() // it overtakes both
			both := slices.Concat(frame(finText, "2probe"), frame(finText, "5"), frame(finText, "4right behind"))
			go func() { // a pipe holds nothing: the server writes in between
				c.conn.Write(both[:split])
				c.conn.Write(both[split:])
			}()
			c.expect("3probe")
			c.expect("4right behind")
			p.gets(<-got, 400, isBadRequest)
			p.gets(p.get(), 400, isBadRequest)
		}
	})
}

func TestPollFromBeforeTheProbeThatIsStillPendingIsEndedByTheUpgrade(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		got := p.pending()
		c := network.probes(p)
		c.raw(slices.Concat(frame(finText, "2probe"), frame(finText, "5")))
		c.expect("3probe")
		p.gets(<-got, 200, "1")
		c.send("4a")
		c.expect("4a")
		h.expectNoEnd(t)
	})
}

func TestClientThatGivesUpAPollAsItUpgradesKeepsItsSession(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		for range 20 {
			p := network.poller().open()
			ctx, cancel := context.WithCancel(t.Context())
			go p.do(ctx, "GET", nil)
			synctest.Wait()
			c := network.probes(p)
			c.raw(slices.Concat(frame(finText, "2probe"), frame(finText, "5")))
			c.expect("3probe")
			synctest.Wait()
			cancel()
			c.send("4a")
			c.expect("4a")
		}
		h.expectNoEnd(t)
	})
}

// slowPoll starts a GET that takes no byte of its answer.
func (m *memory) slowPoll(p *poller) net.Conn {
	conn := m.connect()
	m.t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET /engine.io/%s HTTP/1.1\r\nHost: x\r\n\r\n", p.query)
	synctest.Wait()
	return conn
}

// A GET may hold what was queued while the WebSocket takes over.
func TestPollThatIsBeingAnsweredDuringTheUpgradeKeepsItsPackets(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		s := <-h.opened
		slow := network.slowPoll(p)
		s.Send(Message([]byte("by polling")))
		synctest.Wait() // the answer is on the way: a pipe holds nothing
		c := network.upgraded(p)
		s.Send(Message([]byte("by WebSocket")))
		c.expect("4by WebSocket")
		got := make([]byte, 1000)
		n, err := slow.Read(got)
		if body := string(got[:n]); err != nil || !strings.HasSuffix(body, "\r\n\r\n4by polling") {
			t.Errorf("got %q, %v", body, err)
		}
		h.expectNoEnd(t)
		if n := s.cost(); n != 0 {
			t.Errorf("%d bytes count as queued", n)
		}
	})
}

func TestPollThatIsAbandonedAfterTheUpgradeIsNoFault(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		s := <-h.opened
		slow := network.slowPoll(p)
		s.Send(Message([]byte("lost")))
		synctest.Wait()
		c := network.upgraded(p)
		slow.Close()
		h.expectNoEnd(t)
		c.send("4a")
		c.expect("4a")
	})
}

func TestMessagesInOneSegmentWithTheUpgradePacketAreHeard(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		c := network.probes(network.poller().open())
		c.send("2probe")
		c.expect("3probe")
		last := frame(finText, "4c")
		c.raw(slices.Concat(frame(finText, "5"), frame(finText, "4a"), frame(finText, "4b"), last[:4]))
		c.raw(last[4:])
		for _, want := range []string{"4a", "4b", "4c"} {
			c.expect(want)
		}
	})
}

func TestFaultRightBehindTheUpgradePacketEndsTheSession(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		c := network.probes(network.poller().open())
		c.send("2probe")
		c.expect("3probe")
		c.raw(slices.Concat(frame(finText, "5"), frame(0xC1, "4x")))
		if code := c.closed(); code != 1002 {
			t.Errorf("close code %d, want 1002", code)
		}
		c.conn.Close()
		h.expectEnd(t, TransportError)
	})
}

// The pong to a ping that went by polling may have got lost with it.
func TestWaitForAPongBeginsAnewWithTheUpgrade(t *testing.T) {
	for _, answers := range []bool{true, false} {
		t.Run(fmt.Sprintf("answers %v", answers), func(t *testing.T) {
			onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
				p := network.poller().open()
				start := time.Now()
				p.expect("2") // after 25 s
				sleepUntil(start, 40*time.Second)
				c := network.upgraded(p)
				if !answers {
					c.closed()
					expectAfter(t, "close", start, 60*time.Second)
					h.expectEnd(t, PingTimeout)
					return
				}
				sleepUntil(start, 55*time.Second)
				c.send("3")
				c.expect("2")
				expectAfter(t, "ping", start, 80*time.Second)
			})
		})
	}
}

// A POST is still being heard as the first messages come by the WebSocket: the receiver gets them
// one at a time, and Closed after all of them.
func TestReceiverIsNeverCalledTwiceAtOnceAroundAnUpgrade(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	var inside, both, count atomic.Int32
	h.heard = func([]byte) {
		if inside.Add(1) > 1 {
			both.Add(1)
		}
		count.Add(1)
		runtime.Gosched()
		inside.Add(-1)
	}
	_, address := serve(t, h, Options{CloseGrace: patience})
	const messages = 200
	for range 20 {
		count.Store(0)
		p := pollerOf(t, address).open()
		<-h.opened
		c, err := try(t, engineclient.Dialer{}, "ws://"+address+"/engine.io/"+strings.Replace(p.query, "polling", "websocket", 1))
		if err != nil {
			t.Fatal(err)
		}
		posted := make(chan answer, 1)
		go func() { posted <- p.post(strings.Repeat("4x\x1e", messages-1) + "4x") }()
		c.raw(slices.Concat(frame(finText, "2probe"), frame(finText, "5"), slices.Repeat(frame(finText, "4y"), messages)))
		c.expect("3probe")
		got := within(t, posted, "the POST")
		switch got.status {
		case 200:
			for range 2 * messages {
				c.read()
			}
			if n := count.Load(); n != 2*messages {
				t.Errorf("%d messages were heard, want %d", n, 2*messages)
			}
		case 400: // it came after the upgrade
		default:
			t.Errorf("POST: %d %q", got.status, got.body)
		}
		c.conn.Close()
		within(t, h.closed, "the end")
	}
	if n := both.Load(); n != 0 {
		t.Errorf("the receiver was called while it was at work %d times", n)
	}
}

// The client reads no more by polling once its probe is answered, as the official one does: what it is told last, that it is sent away say, waits on the WebSocket.
func TestWhatASessionIsToldLastDuringAnUpgradeComesByTheWebSocket(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, server *Server, network *memory) {
		p := network.poller().open()
		s := <-h.opened
		c := network.probes(p)
		got := p.pending()
		c.send("2probe")
		c.expect("3probe")
		p.gets(<-got, 200, "6")
		s.Send(Message([]byte("1/chat,")), Message([]byte("1")))
		s.Close(ForcedClose)
		h.expectEnd(t, ForcedClose)
		c.send("5")
		c.expect("41/chat,")
		c.expect("41")
		c.ended()
		synctest.Wait()
		if server.Sessions() != 0 {
			t.Error("the session is still there")
		}
	})
}

func TestAnUpgradeThatIsNotFinishedHoldsNoSessionThatIsClosing(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, server *Server, network *memory) {
		p := network.poller().open()
		s := <-h.opened
		c := network.probes(p)
		c.send("2probe")
		c.expect("3probe")
		s.Send(Message([]byte("unread")))
		s.Close(ForcedClose)
		h.expectEnd(t, ForcedClose)
		time.Sleep(5 * time.Second)
		if server.Sessions() != 0 {
			t.Error("the session is still there")
		}
	})
}

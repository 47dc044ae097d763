package engineio

import (
	"context"
	"io"
	"math"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestClientThatGivesUpAPollEndsItsSession(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		ctx, cancel := context.WithCancel(t.Context())
		go p.do(ctx, http.MethodGet, nil)
		synctest.Wait()
		h.expectNoEnd(t)
		cancel()
		h.expectEnd(t, TransportError)
		p.forgotten()
	})
}

func TestClientThatGivesUpAPostEndsItsSession(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		body, rest := io.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		go p.do(ctx, http.MethodPost, body)
		io.WriteString(rest, "4half")
		synctest.Wait()
		cancel()
		h.expectEnd(t, TransportError)
		rest.Close()
		p.forgotten()
	})
}

func TestPingTimeoutEndsAPollThatWaits(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, server *Server, network *memory) {
		p := network.poller().open()
		start := time.Now()
		p.expect("2")
		p.expect("1")
		expectAfter(t, "the end", start, 45*time.Second)
		h.expectEnd(t, PingTimeout)
	})
}

func TestClientsFarewellIsToldToThePollThatWaits(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		got := p.pending()
		p.says("1\x1e4not heard")
		p.gets(<-got, 200, "6")
		h.expectEnd(t, TransportClose)
		p.forgotten()
	})
}

func TestClientsFarewellNeedsNoPoll(t *testing.T) {
	onFakeTime(t, Options{CloseGrace: 3 * time.Second}, func(t *testing.T, h *recorder, server *Server, network *memory) {
		p := network.poller().open()
		p.says("1")
		h.expectEnd(t, TransportClose) // at once
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if n := server.Sessions(); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		p.forgotten()
	})
}

func TestServersCloseIsToldToThePollThatWaits(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		got := p.pending()
		(<-h.opened).Close(ForcedClose)
		p.gets(<-got, 200, "1")
		h.expectEnd(t, ForcedClose)
		p.forgotten()
	})
}

// Who has the last answer on its way asks in vain, and harms nobody.
func TestPollThatOvertakesTheLastAnswerFindsNoSession(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		network.slowPoll(p)
		(<-h.opened).Close(ForcedClose)
		synctest.Wait()
		p.forgotten()
		h.expectEnd(t, ForcedClose)
	})
}

func TestServersCloseIsToldToTheNextPollAfterAllThatWasQueued(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		s := <-h.opened
		s.Send(Message([]byte("41")))
		s.Close(ForcedClose)
		h.expectEnd(t, ForcedClose)
		p.says("4ignored")
		p.expect("441")
		p.expect("6\x1e1") // by itself: behind messages the official client would end first, and hear them in its next connection
		p.forgotten()
	})
}

func TestServersCloseIsToldToAPollThatComesLaterBehindANoop(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		(<-h.opened).Close(ForcedClose)
		p.expect("6\x1e1") // as the official server has it
		h.expectEnd(t, ForcedClose)
		p.forgotten()
	})
}

func TestReceiverMayCloseItsSessionWhileItHearsAPost(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		s := <-h.opened
		h.heard = func([]byte) { s.Close(ForcedClose) }
		got := p.pending()
		p.says("4a\x1e4not heard")
		p.gets(<-got, 200, "1")
		h.expectEnd(t, ForcedClose)
		p.forgotten()
	})
}

func TestQueueOfAClientThatDoesNotPollIsBounded(t *testing.T) {
	onFakeTime(t, Options{SendQueueBytes: 10_000}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		s := <-h.opened
		for s.Send(numbered(0, 1000)) == nil {
		}
		h.expectEnd(t, QueueFull)
		p.forgotten()
	})
}

func TestShutdownAnswersPollsAndWaitsForNobodyElse(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, server *Server, network *memory) {
		polls, idle := network.poller().open(), network.poller().open()
		got := polls.pending()
		start := time.Now()
		if err := server.Shutdown(t.Context()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("shutdown took %v", took)
		}
		polls.gets(<-got, 200, "1")
		idle.forgotten()
		for range 2 {
			if reason := <-h.closed; reason != ShuttingDown {
				t.Errorf("reason %q, want %q", reason, ShuttingDown)
			}
		}
		if got := network.poller().get(); got.status != 503 {
			t.Errorf("a new client got %d", got.status)
		}
	})
}

// Not parallel: goroutines and memory are counted for the whole process.
func TestAbandonedHandshakesLeaveNothing(t *testing.T) {
	const handshakes = 1000
	for _, mode := range []Polling{PollingFull, PollingUpgrade} {
		synctest.Test(t, func(t *testing.T) {
			h := &recorder{opened: make(chan *Session, handshakes), closed: make(chan Reason, handshakes)}
			server, network := serveMemory(t, h, Options{Polling: mode})
			round := func() {
				for range handshakes {
					conn := network.connect()
					io.WriteString(conn, "GET "+strings.Replace(handshakeQuery, "websocket", "polling", 1)+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
					if got, err := io.ReadAll(conn); err != nil || !strings.Contains(string(got), `0{"sid":`) {
						t.Fatalf("handshake: %v, %q", err, got)
					}
					conn.Close()
				}
				synctest.Wait()
				if n := server.Sessions(); n != handshakes {
					t.Errorf("%d sessions, want %d", n, handshakes)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				for range handshakes {
					<-h.opened
					<-h.closed
				}
			}
			round() // fills the pools
			// Others of the process come and go too: what leaks does so in every round.
			more, grown := math.MaxInt, int64(math.MaxInt64)
			for range 3 {
				goroutines, heap := goroutineCount(), heapInUse()
				round()
				if n := server.Sessions(); n != 0 {
					t.Errorf("%d sessions are left", n)
				}
				more = min(more, goroutineCount()-goroutines)
				grown = min(grown, heapInUse()-heap)
			}
			t.Logf("%d goroutines and %d bytes more", more, grown)
			if more > 10 {
				t.Errorf("%d goroutines more than before", more)
			}
			if grown > handshakes*300 {
				t.Errorf("%d bytes more than before", grown)
			}
		})
	}
}

// goroutineCount reads the runtime's number several times, since it is too high by dozens while the
// runtime moves its dead ones about.
func goroutineCount() int {
	least := runtime.NumGoroutine()
	for range 100 {
		runtime.Gosched()
		least = min(least, runtime.NumGoroutine())
	}
	return least
}

func heapInUse() int64 {
	runtime.GC() // twice: pools keep what they hold for one
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Whoever closed thousands of sessions at once had a goroutine for each, for as long as CloseGrace, and their memory for good.
func TestSessionsThatEndKeepNoGoroutine(t *testing.T) {
	onFakeTime(t, Options{CloseGrace: time.Minute}, func(t *testing.T, h *recorder, server *Server, network *memory) {
		const clients = 20
		for range clients {
			network.poller().open()
		}
		synctest.Wait()
		before := runtime.NumGoroutine()
		for range clients {
			(<-h.opened).Close(ForcedClose)
			h.expectEnd(t, ForcedClose)
		}
		synctest.Wait()
		if n := runtime.NumGoroutine(); n >= before+clients {
			t.Errorf("%d goroutines, %d before", n, before)
		}
		if n := server.Sessions(); n != clients {
			t.Errorf("%d sessions can still fetch what is queued for them, want %d", n, clients)
		}
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		if n := server.Sessions(); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
	})
}

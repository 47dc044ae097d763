package engineio

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestPollingBeginsWithTheOfficialOpenPacketToTheByte(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		got := network.poller().get()
		want := `0{"sid":"` + (<-h.opened).ID() + `","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`
		if got.status != 200 || got.body != want {
			t.Errorf("got  %d %s\nwant 200 %s", got.status, got.body, want)
		}
	})
}

func TestPollingAnswersHaveTheOfficialHeaders(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		check := func(what string, got answer, contentType string) {
			t.Helper()
			for name, want := range map[string]string{
				"Content-Type": contentType, "Cache-Control": "no-store", "Content-Length": strconv.Itoa(len(got.body)),
				"Access-Control-Allow-Origin": "", "Vary": "", "Content-Encoding": "",
			} {
				if value := got.header.Get(name); value != want {
					t.Errorf("%s: %s is %q, want %q", what, name, value, want)
				}
			}
		}
		check("POST", p.post("4é"), "text/html")
		check("GET", p.get(), "text/plain; charset=UTF-8")
	})
}

func TestWhatTheReceiverSendsOnOpenFollowsTheOpenPacketAtOnce(t *testing.T) {
	h := newRecorder()
	h.onOpen = func(s *Session) { s.Send(Message([]byte("hello"))) }
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, network := serveMemory(t, h, Options{})
		if got := network.poller().get(); !strings.HasSuffix(got.body, "}\x1e4hello") {
			t.Errorf("got %q", got.body)
		}
	})
}

func TestPollIsAnsweredAtOnceWithAllThatWaits(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		s := <-h.opened
		s.Send(Message([]byte("a")))
		s.Send(BinaryMessage([]byte{1, 2, 3}), Message([]byte("b")))
		p.expect("4a\x1ebAQID\x1e4b")
	})
}

func TestPollIsHeldUntilThereIsAPacket(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		s := <-h.opened
		for range 3 {
			synctest.Wait()
			if s.Writable() {
				t.Error("writable without a request to write to")
			}
			got := p.pending()
			time.Sleep(5 * time.Second)
			synctest.Wait()
			p.stillPending(got)
			if !s.Writable() {
				t.Error("not writable while a request waits")
			}
			s.Send(Message([]byte("a")))
			p.gets(<-got, 200, "4a")
		}
	})
}

func TestPostedPacketsAreHeardInOrder(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		p.says("4a\x1ebAQID\x1e4b")
		p.says("bAwQ\x1e6\x1e4c") // no padding, and a packet that means nothing
		p.expect("4a\x1ebAQID\x1e4b\x1ebAwQ=\x1e4c")
		h.expectNoEnd(t)
	})
}

func TestSecondPollEndsTheSession(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		first := p.pending()
		p.gets(p.get(), 400, "")
		p.gets(<-first, 200, "1")
		p.forgotten()
		h.expectEnd(t, TransportError)
	})
}

func TestSecondPostEndsTheSession(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		body, rest := io.Pipe()
		first := make(chan answer)
		go func() { first <- p.do(t.Context(), http.MethodPost, body) }()
		io.WriteString(rest, "4not heard")
		synctest.Wait()
		p.gets(p.post("4not heard either"), 400, "")
		h.expectEnd(t, TransportError)
		rest.Close()
		p.gets(<-first, 200, "ok")
		p.forgotten()
	})
}

func TestBodyOverMaxPayloadIs413AndTheSessionLives(t *testing.T) {
	var tooLarge atomic.Int32
	onFakeTime(t, Options{MaxPayload: 1000, OnTooLarge: func() { tooLarge.Add(1) }}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		long := "4" + strings.Repeat("x", 1000)
		p.gets(p.post(long), 413, "")
		p.gets(p.do(t.Context(), http.MethodPost, io.MultiReader(strings.NewReader(long))), 413, "") // in chunks
		p.says(long[:1000])
		p.expect(long[:1000])
		h.expectNoEnd(t)
		if n := tooLarge.Swap(0); n != 2 {
			t.Errorf("told of %d bodies that are too large, want 2", n)
		}
	})
}

func TestOctetStreamEndsTheSession(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		p.gets(p.post("4a", "Content-Type", "application/octet-stream; x=1"), 200, "ok") // as the official server
		p.expect("4a")
		p.gets(p.post("4a", "Content-Type", "application/octet-stream"), 400, "")
		h.expectEnd(t, TransportError)
		p.forgotten()
	})
}

func TestGarbageIsAnsweredOkAndEndsTheSessionAfterWhatCameBefore(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]Reason{
		"abc": ParseError, "": ParseError, "4x\x1e": ParseError, "\x1e4x": ParseError, "b!": ParseError, "4\xff\xfe": ParseError, "2": TransportError, "4x\x1e2probe\x1e4y": TransportError,
	} {
		t.Run(strconv.Quote(body), func(t *testing.T) {
			onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
				heard := make(chan string, 10)
				h.heard = func(data []byte) { heard <- string(data) }
				p := network.poller().open()
				p.says(body)
				h.expectEnd(t, want)
				p.forgotten()
				if got, want := len(heard), strings.Count(body, "4x\x1e"); got != want {
					t.Errorf("%d messages were heard, want %d", got, want)
				}
			})
		})
	}
}

func TestPingsAndPongsPassByPolling(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		for range 4 {
			start := time.Now()
			p.expect("2")
			expectAfter(t, "ping", start, 25*time.Second)
			time.Sleep(7 * time.Second)
			p.says("3")
		}
		h.expectNoEnd(t)
	})
}

// The official suite polls at the very moment, whatever the wheel's turns.
func TestPingTimeoutIsExactForWhoAsks(t *testing.T) {
	for _, asks := range []func(p *poller) answer{
		func(p *poller) answer { return p.get() },
		func(p *poller) answer { return p.post("3") },
	} {
		t.Run("", func(t *testing.T) {
			onFakeTime(t, Options{}, func(t *testing.T, h *recorder, server *Server, network *memory) {
				sleepUntil(time.Now(), 70*time.Millisecond) // a turn is 200 ms
				p := network.poller().open()
				start := time.Now()
				sleepUntil(start, 45*time.Second-1)
				if server.Sessions() != 1 {
					t.Error("ended too early")
				}
				sleepUntil(start, 45*time.Second)
				p.gets(asks(p), 400, unknownSession)
				h.expectEnd(t, PingTimeout)
			})
		})
	}
}

func TestPollMayComeBeforeTheLastOneIsReadToItsEnd(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		s := <-h.opened
		network.slowPoll(p)
		s.Send(Message([]byte("a")))
		synctest.Wait() // its answer is on the way
		got := p.pending()
		s.Send(Message([]byte("b")))
		p.gets(<-got, 200, "4b")
		h.expectNoEnd(t)
	})
}

func TestSessionThatStaysWithPollingIsClosedWherePollingIsOnlyTheWay(t *testing.T) {
	onFakeTime(t, Options{Polling: PollingUpgrade}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		start := time.Now()
		p.expect("1")
		expectAfter(t, "close", start, 10*time.Second)
		h.expectEnd(t, NotUpgraded)
		p.forgotten()
	})
}

func TestWebSocketThatAsksWhenTheTimeForItIsOverHasTimeOfItsOwn(t *testing.T) {
	onFakeTime(t, Options{Polling: PollingUpgrade}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		time.Sleep(9 * time.Second)
		c := network.probes(p)
		c.send("2probe")
		c.expect("3probe")
		time.Sleep(9 * time.Second)
		c.send("5")
		c.send("4a")
		c.expect("4a")
		time.Sleep(5 * time.Second)
		h.expectNoEnd(t)
	})
}

func TestSessionWhoseWebSocketFailsWhenTheTimeForItIsOverIsClosed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		until time.Duration // the probe is cut then
		want  time.Duration
	}{
		"cut":    {15 * time.Second, 15 * time.Second},
		"silent": {time.Minute, 19 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			onFakeTime(t, Options{Polling: PollingUpgrade}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
				p := network.poller().open()
				start := time.Now()
				time.Sleep(9 * time.Second)
				probe := network.probes(p)
				go io.Copy(io.Discard, probe.conn) // or it would not take its goodbye
				time.AfterFunc(c.until-9*time.Second, func() { probe.conn.Close() })
				p.expect("1")
				expectAfter(t, "close", start, c.want)
				h.expectEnd(t, NotUpgraded)
				p.forgotten()
			})
		})
	}
}

func TestSessionMayStayWithPollingWhereThatIsAllowed(t *testing.T) {
	onFakeTime(t, Options{Polling: PollingFull}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		p.says("4a")
		p.expect("4a")
		p.expect("2") // after 25 s
		h.expectNoEnd(t)
	})
}

func TestPollingIsRefusedWhereItIsOff(t *testing.T) {
	onFakeTime(t, Options{Polling: PollingOff}, func(t *testing.T, _ *recorder, server *Server, network *memory) {
		p := network.poller()
		p.gets(p.get(), 400, `{"code":0,"message":"Transport unknown"}`)
	})
}

func TestOtherMethodsAreBadRequestsAndHarmless(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		for _, method := range []string{"PUT", "DELETE", "OPTIONS", "PATCH"} {
			p.gets(p.do(t.Context(), method, nil), 400, isBadRequest)
		}
		p.says("4a")
		p.expect("4a")
		h.expectNoEnd(t)
	})
}

func TestAnotherProtocolVersionThanTheSessionsIsABadRequest(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		other := *p
		other.query = strings.Replace(p.query, "EIO=4", "EIO=3", 1)
		other.gets(other.get(), 400, isBadRequest)
		other.gets(other.post("1"), 400, isBadRequest)
		p.says("4a")
		p.expect("4a")
		h.expectNoEnd(t)
	})
}

func TestSessionOfAWebSocketIsNotToBePolled(t *testing.T) {
	seen := newCauses()
	onFakeTime(t, Options{Observer: seen}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		c := network.dialOpen()
		p := network.poller()
		p.query += "&sid=" + (<-h.opened).ID()
		p.gets(p.get(), 400, isBadRequest)
		p.gets(p.post("41"), 400, isBadRequest)
		for range 2 {
			if cause := <-seen.refused; cause != CauseBadRequest {
				t.Errorf("counted as %q", cause)
			}
		}
		c.send("4a")
		c.expect("4a")
	})
}

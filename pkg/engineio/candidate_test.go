package engineio

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

func TestWrongPacketsCloseTheProbeOnly(t *testing.T) {
	t.Parallel()
	for name, packets := range map[string][]byte{
		"a message":             frame(finText, "4x"),
		"a ping":                frame(finText, "2"),
		"garbage":               frame(finText, "abc"),
		"nothing":               frame(finText, ""),
		"binary":                frame(finBinary, "2probe"),
		"5 without a probe":     frame(finText, "5"),
		"a close frame":         frame(finClose, ""),
		"RSV bits":              frame(0xC1, "2probe"),
		"not masked":            {finText, 1, '5'},
		"too long":              header(finText, 1<<40),
		"two probes":            slices.Concat(frame(finText, "2probe"), frame(finText, "2probe")),
		"a message after probe": slices.Concat(frame(finText, "2probe"), frame(finText, "4x")),
		"fragments without end": slices.Concat(frame(partText, "2"), slices.Repeat(frame(part, ""), 2*maxFragments)),
	} {
		t.Run(name, func(t *testing.T) {
			onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
				p := network.poller().open()
				c := network.probes(p)
				go c.conn.Write(packets) // the server may not take them all
				c.ended()
				p.says("4a")
				p.expect("4a")
				network.upgraded(p) // another may try
				h.expectNoEnd(t)
			})
		})
	}
}

func TestProbeThatIsCutLeavesTheSessionUntouched(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		for _, half := range []int{0, 5} {
			c := network.probes(p)
			c.send("2probe")
			c.expect("3probe")
			c.raw(frame(finText, "5")[:half])
			c.conn.Close()
			synctest.Wait()
		}
		p.says("4a")
		p.expect("4a")
		got := p.pending()
		time.Sleep(time.Second)
		synctest.Wait()
		p.stillPending(got) // no noop any more
		h.expectNoEnd(t)
	})
}

func TestProbeThatTakesTooLongIsClosedAndLeavesTheSessionUntouched(t *testing.T) {
	t.Parallel()
	for name, says := range map[string][]string{"silent": nil, "asks": {"2probe"}} {
		t.Run(name, func(t *testing.T) {
			onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
				p := network.poller().open()
				start := time.Now()
				c := network.probes(p)
				for _, packet := range says {
					c.send(packet)
				}
				c.ended()
				expectAfter(t, "close", start, 10*time.Second)
				p.says("4a")
				p.expect("4a")
				h.expectNoEnd(t)
			})
		})
	}
}

func TestPingsDoNotKeepAProbeAlive(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, server *Server, network *memory) {
		p := network.poller().open()
		start := time.Now()
		c := network.probes(p)
		for time.Since(start) < 9*time.Second {
			c.raw(frame(finPing, "x"))
			if opcode, payload, err := c.next(); opcode != ws.OpPong || payload != "x" || err != nil {
				t.Fatalf("got opcode %d, %q, %v, want a pong", opcode, payload, err)
			}
			time.Sleep(time.Second)
		}
		c.ended()
		expectAfter(t, "close", start, 10*time.Second)
	})
}

func TestSecondProbeIsClosedAtOnceAndTheFirstGoesOn(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		start := time.Now()
		first := network.probes(p)
		network.probes(p).ended()
		first.send("2probe")
		first.expect("3probe")
		network.probes(p).ended()
		first.send("5")
		network.probes(p).ended()
		first.send("4a")
		first.expect("4a")
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v", took)
		}
		h.expectNoEnd(t)
	})
}

func TestSessionOfAWebSocketIsNotTakenOver(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		owner := network.dialOpen()
		thief, err := network.try(handshakeQuery + "&sid=" + (<-h.opened).ID())
		if err != nil {
			t.Fatal(err)
		}
		thief.ended()
		owner.send("4a")
		owner.expect("4a")
		h.expectNoEnd(t)
	})
}

// But one that closes once the probe is answered waits for "5": TestWhatASessionIsToldLastDuringAnUpgradeComesByTheWebSocket.
func TestSessionThatEndsWhileItIsProbedTakesTheProbeAlong(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answered bool
		end      func(s *Session)
	}{
		"closed before the answer": {false, func(s *Session) { s.Close(ForcedClose) }},
		"cut before the answer":    {false, func(s *Session) { s.end(ForcedClose) }},
		"cut behind it":            {true, func(s *Session) { s.end(ForcedClose) }},
	} {
		t.Run(name, func(t *testing.T) {
			onFakeTime(t, Options{}, func(t *testing.T, h *recorder, server *Server, network *memory) {
				p := network.poller().open()
				c := network.probes(p)
				if test.answered {
					c.send("2probe")
					c.expect("3probe")
					synctest.Wait()
				}
				start := time.Now()
				test.end(<-h.opened)
				c.ended()
				if took := time.Since(start); took != 0 {
					t.Errorf("the probe went on for %v", took)
				}
				h.expectEnd(t, ForcedClose)
			})
		})
	}
}

func TestShutdownDoesNotWaitForProbes(t *testing.T) {
	onFakeTime(t, Options{CloseGrace: time.Second}, func(t *testing.T, h *recorder, server *Server, network *memory) {
		c := network.probes(network.poller().open())
		go c.closed()
		start := time.Now()
		if err := server.Shutdown(t.Context()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("shutdown took %v", took)
		}
		h.expectEnd(t, ShuttingDown)
	})
}

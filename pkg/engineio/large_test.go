package engineio

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
)

// empty checks, on fake time, that nothing large waits for anybody, as the server counts it.
func (l *ledger) empty(t *testing.T) {
	t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bytes != 0 || len(l.waits) != 0 {
		t.Errorf("%d bytes of %d packets count as waiting", l.bytes, len(l.waits))
	}
}

func TestAPacketLargerThanTheQueueReachesWhoeverReads(t *testing.T) {
	onFakeTime(t, Options{SendQueueBytes: 1000}, func(t *testing.T, h *recorder, server *Server, network *memory) {
		file := strings.Repeat("x", 5000)
		say := func(s *Session) {
			for _, text := range []string{"before", file, "between", file, "behind"} {
				if err := s.Send(Message([]byte(text))); err != nil {
					t.Errorf("send: %v", err)
				}
			}
		}
		c := network.dialOpen()
		say(<-h.opened)
		for _, want := range []string{"before", file, "between", file, "behind"} {
			c.expect("4" + want)
		}
		p := network.poller().open()
		say(<-h.opened)
		p.expect("4before\x1e4" + file + "\x1e4between\x1e4" + file + "\x1e4behind")
		server.ledger.empty(t)
		h.expectNoEnd(t)
	})
}

// What is small has its own bound behind it all the same.
func TestWhoReadsNothingHasItsShareOfLargePackets(t *testing.T) {
	onFakeTime(t, Options{SendQueueBytes: 1000}, func(t *testing.T, h *recorder, server *Server, network *memory) {
		for size, most := range map[int]int{1900: 1 + (largePerSession*1000-5048)/1948, 100: 1 + 1000/148} {
			network.dialOpen()
			s := <-h.opened
			synctest.Wait() // until the opening has been written
			sent := 0
			for err := s.Send(numbered(0, 5000)); err == nil; err = s.Send(numbered(0, size)) {
				sent++
			}
			if sent != most {
				t.Errorf("%d packets of %d bytes wait, want %d", sent, size, most)
			}
			h.expectEnd(t, QueueFull)
			server.ledger.empty(t)
		}
	})
}

func TestLargePacketsOfAllHaveABoundAndABroadcastCountsOnce(t *testing.T) {
	onFakeTime(t, Options{SendQueueBytes: 1000}, func(t *testing.T, h *recorder, server *Server, network *memory) {
		const size = 15_000
		newcomer := func() *Session {
			network.dialOpen()
			return <-h.opened
		}
		picture := numbered(0, size)
		for range 2 * largeInAll * 1000 / size {
			if err := newcomer().Send(picture); err != nil {
				t.Fatalf("to a room: %v", err)
			}
		}
		for i := 2; i*size < largeInAll*1000; i++ {
			if err := newcomer().Send(numbered(i, size)); err != nil {
				t.Errorf("packet %d: %v", i, err)
			}
		}
		if err := newcomer().Send(numbered(0, size)); !errors.Is(err, ErrClosed) {
			t.Errorf("beyond the bound: %v, want ErrClosed", err)
		}
		h.expectEnd(t, QueueFull)
		for _, s := range server.open() {
			s.end(ForcedClose)
		}
		server.ledger.empty(t)
	})
}

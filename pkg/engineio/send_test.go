package engineio

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"
)

func TestSendKeepsEachSendersOrderAndItsPacketsTogether(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	_, address := serve(t, h, Options{})
	c := dialOpen(t, address)
	s := within(t, h.opened, "the session")
	const senders, sends = 8, 200
	for sender := range senders {
		go func() {
			for i := range sends {
				first := Message(fmt.Appendf(nil, "%d %d first", sender, i))
				second := Message(fmt.Appendf(nil, "%d %d second", sender, i))
				if err := s.Send(first, second); err != nil {
					t.Errorf("send: %v", err)
				}
			}
		}()
	}
	var next [senders]int
	for range senders * sends {
		first := c.read()
		var sender, i int
		fmt.Sscanf(first, "4%d %d", &sender, &i)
		if want := fmt.Sprintf("4%d %d first", sender, next[sender]); first != want {
			t.Fatalf("got %q, want %q", first, want)
		}
		c.expect(fmt.Sprintf("4%d %d second", sender, i))
		next[sender]++
	}
}

// Packets go to all in lockstep with those who read them: were the room held up by the member that
// does not, this would never end.
func TestMemberThatNeverReadsEndsAloneAndDelaysNobody(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	_, address := serve(t, h, Options{SendQueueBytes: 256 << 10})
	slow := dialOpen(t, address)
	slow.conn.Conn.(*net.TCPConn).SetReadBuffer(4096)
	room := []*Session{within(t, h.opened, "the slow one")}
	var fast []*client
	for range 8 {
		fast = append(fast, dialOpen(t, address))
		room = append(room, within(t, h.opened, "a fast one"))
	}
	reclaimed := make(chan struct{})
	var once sync.Once
	rounds, over := 0, false
	for ; !over; rounds++ {
		p := numbered(rounds, 20_000)
		runtime.AddCleanup(p, func(struct{}) { once.Do(func() { close(reclaimed) }) }, struct{}{})
		for _, s := range room {
			s.Send(p)
		}
		for _, c := range fast {
			if got := c.read(); got != string(p.frame[4:]) {
				t.Fatalf("round %d: another packet arrived", rounds)
			}
		}
		select {
		case reason := <-h.closed:
			if over = true; reason != QueueFull {
				t.Errorf("reason %q, want %q", reason, QueueFull)
			}
		default:
		}
		if rounds > 5000 {
			t.Fatalf("%d bytes were sent to a client that reads none", rounds*20_000)
		}
	}
	if queued := room[0].outbox.waiting; queued != nil {
		t.Errorf("%d packets are still queued", len(queued.packets))
	}
	for deadline := time.Now().Add(patience); ; runtime.GC() {
		select {
		case <-reclaimed:
			return
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("the memory of the packets was not given back")
		}
	}
}

// fan serves n sessions whose clients read and drop everything.
func fan(t testing.TB, n int) []*Session {
	h := &recorder{opened: make(chan *Session, n), closed: make(chan Reason, n)}
	_, address := serve(t, h, Options{SendQueueBytes: 64 << 20})
	sessions := make([]*Session, n)
	for i := range sessions {
		c := dialOpen(t, address)
		c.conn.SetDeadline(time.Time{})
		go io.Copy(io.Discard, c.conn)
		sessions[i] = within(t, h.opened, "a session")
	}
	return sessions
}

func settled(sessions []*Session) {
	for _, s := range sessions {
		for writing := true; writing; {
			s.mu.Lock()
			writing = s.outbox.writing
			s.mu.Unlock()
			runtime.Gosched()
		}
	}
}

// Not parallel: allocations are counted for the whole process.
func TestSendAllocatesNothingPerRecipient(t *testing.T) {
	sessions := fan(t, 100)
	p := Message(make([]byte, 100))
	allocs := testing.AllocsPerRun(50, func() {
		for _, s := range sessions {
			s.Send(p)
		}
		settled(sessions)
	})
	// The race detector has sync.Pool lose a part of what it is given, so up to one is forgiven.
	if allocs >= float64(len(sessions)) {
		t.Errorf("%v allocations for %d recipients", allocs, len(sessions))
	}
	t.Logf("%v allocations for %d recipients", allocs, len(sessions))
}

func BenchmarkFanOut(b *testing.B) {
	const recipients = 500
	sessions := fan(b, recipients)
	p := Message(make([]byte, 180))
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range sessions {
			s.Send(p)
		}
		settled(sessions)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/recipients, "ns/delivery")
}

package engineio

import (
	"testing"
	"testing/synctest"
	"time"
)

// lateness is how late the wheel may be with the default times: two turns.
const lateness = 400 * time.Millisecond

// expectAfter checks that want passed since start, on fake time.
func expectAfter(t *testing.T, what string, start time.Time, want time.Duration) {
	t.Helper()
	if got := time.Since(start); got < want || got > want+lateness {
		t.Errorf("%s came after %v, want %v", what, got, want)
	}
}

func (c *client) expect(want string) {
	c.t.Helper()
	if got := c.read(); got != want {
		c.t.Fatalf("got %q, want %q", got, want)
	}
}

func TestPingComesOneIntervalAfterEachPong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, network := serveMemory(t, newRecorder(), Options{})
		c := network.dialOpen()
		for range 4 {
			start := time.Now()
			c.expect("2")
			expectAfter(t, "ping", start, 25*time.Second)
			time.Sleep(7 * time.Second) // of the 20 that a pong may take
			c.send("3")
		}
	})
}

func TestPingsKeepTheirIntervalWhenPongsMayTakeLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, network := serveMemory(t, newRecorder(), Options{PingInterval: 5 * time.Second, PingTimeout: time.Minute})
		c := network.dialOpen()
		for range 4 {
			start := time.Now()
			c.expect("2")
			expectAfter(t, "ping", start, 5*time.Second)
			c.send("3")
		}
	})
}

func TestPingIsNotPutOffByTraffic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, network := serveMemory(t, newRecorder(), Options{})
		c := network.dialOpen()
		start := time.Now()
		for range 24 {
			time.Sleep(time.Second)
			c.send("4x")
			c.expect("4x")
		}
		c.expect("2")
		expectAfter(t, "ping", start, 25*time.Second)
	})
}

func TestSilenceIsAPingTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newRecorder()
		_, network := serveMemory(t, h, Options{})
		c := network.dialOpen()
		start := time.Now()
		c.expect("2")
		if code := c.closed(); code != 1005 {
			t.Errorf("close code %d, want 1005", code)
		}
		expectAfter(t, "close", start, 45*time.Second)
		if reason := <-h.closed; reason != PingTimeout {
			t.Errorf("reason %q, want %q", reason, PingTimeout)
		}
	})
}

func TestTrafficExtendsTheWaitForAPongOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newRecorder()
		_, network := serveMemory(t, h, Options{})
		c := network.dialOpen()
		c.expect("2")
		start := time.Now()
		for range 2 { // after 15 s and after 30 s
			time.Sleep(15 * time.Second)
			c.send("4x")
			c.expect("4x")
		}
		c.closed()
		expectAfter(t, "close", start, 35*time.Second)
		if reason := <-h.closed; reason != PingTimeout {
			t.Errorf("reason %q, want %q", reason, PingTimeout)
		}
	})
}

func TestUnaskedPongsAreNoFaultAndChangeNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, network := serveMemory(t, newRecorder(), Options{})
		c := network.dialOpen()
		start := time.Now()
		time.Sleep(20 * time.Second)
		c.send("3")
		c.expect("2")
		expectAfter(t, "ping", start, 25*time.Second)
	})
}

func TestCloseAtIsKeptReplacedAndTakenBack(t *testing.T) {
	t.Parallel()
	const expired Reason = "expired"
	in := func(s *Session, d time.Duration) { s.CloseAt(time.Now().Add(d), expired) }
	for _, test := range []struct {
		name string
		set  func(*Session)
		want time.Duration // 45 s is the ping timeout
	}{
		{"before the next ping", func(s *Session) { in(s, 3*time.Second) }, 3 * time.Second},
		{"between ping and pong", func(s *Session) { in(s, 30*time.Second) }, 30 * time.Second},
		{"in the past", func(s *Session) { in(s, -time.Hour) }, 0},
		{"replaced by an earlier one", func(s *Session) { in(s, 9*time.Second); in(s, 4*time.Second) }, 4 * time.Second},
		{"replaced by a later one", func(s *Session) { in(s, 4*time.Second); in(s, 9*time.Second) }, 9 * time.Second},
		{"later than the ping timeout", func(s *Session) { in(s, time.Hour) }, 45 * time.Second},
		{"taken back", func(s *Session) { in(s, 4*time.Second); s.CloseAt(time.Time{}, "") }, 45 * time.Second},
		{"at the end of time", func(s *Session) { s.CloseAt(time.Unix(1<<60, 0), expired) }, 45 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newRecorder()
				_, network := serveMemory(t, h, Options{})
				c := network.dialOpen()
				start := time.Now()
				test.set(<-h.opened)
				c.closed()
				expectAfter(t, "close", start, test.want)
				want := expired
				if test.want == 45*time.Second {
					want = PingTimeout
				}
				if reason := <-h.closed; reason != want {
					t.Errorf("reason %q, want %q", reason, want)
				}
			})
		})
	}
}

func TestTimesBeyondTheWheelAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newRecorder()
		// A turn is 10 ms and the wheel holds 5 s.
		_, network := serveMemory(t, h, Options{PingInterval: 10 * time.Minute, PingTimeout: time.Second})
		c := network.dialOpen()
		start := time.Now()
		(<-h.opened).CloseAt(start.Add(15*time.Minute), "expired")
		c.expect("2")
		expectAfter(t, "ping", start, 10*time.Minute)
		c.send("3")
		c.closed()
		expectAfter(t, "close", start, 15*time.Minute)
		if reason := <-h.closed; reason != "expired" {
			t.Errorf("reason %q", reason)
		}
	})
}

// CloseAt moves a session's entry while the wheel turns over it. None may get lost: each session
// must end at its last time, and so must one that only waits for its ping timeout.
func TestNoEntryIsLostWhenCloseAtRacesWithTheWheel(t *testing.T) {
	t.Parallel()
	const sessions = 100
	h := newRecorder()
	_, address := serve(t, h, Options{PingInterval: 50 * time.Millisecond, PingTimeout: patience}) // a turn is 1 ms
	for range sessions {
		dialOpen(t, address)
	}
	for range sessions {
		s := within(t, h.opened, "a session")
		go func() {
			for i := range 2000 {
				s.CloseAt(time.Now().Add(time.Duration(1+i%7)*time.Hour), "too early")
				s.CloseAt(time.Time{}, "")
				s.CloseAt(time.Now().Add(20*time.Millisecond), "expired")
			}
		}()
	}
	for range sessions {
		if reason := within(t, h.closed, "the end of a session"); reason != "expired" {
			t.Fatalf("reason %q", reason)
		}
	}
}

// entries counts the sessions that the wheel holds.
func (w *wheel) entries() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, list := range w.slots {
		n += len(list)
	}
	return n
}

// A storm of logins that are refused would fill the memory with what is left of them for a ping interval.
func TestSessionsThatHaveEndedAreNotKeptForTheirNextPing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const sessions = 5
		h := &recorder{opened: make(chan *Session, sessions), closed: make(chan Reason, sessions)}
		server, network := serveMemory(t, h, Options{})
		var clients []*client
		for range sessions {
			clients = append(clients, network.dialOpen())
			(<-h.opened).CloseAt(time.Now().Add(time.Minute), "expired")
		}
		if n := server.wheel.entries(); n != sessions {
			t.Errorf("the wheel holds %d sessions of %d", n, sessions)
		}
		for _, place := range []int{1, 4, 0, 2} { // in the middle of a slot, and at both ends of it
			clients[place].conn.Close()
			<-h.closed
		}
		synctest.Wait()
		if n := server.wheel.entries(); n != 1 {
			t.Errorf("the wheel holds %d sessions, of which 1 is there", n)
		}
		clients[3].expect("2")
	})
}

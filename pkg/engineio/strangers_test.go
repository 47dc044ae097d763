package engineio

import (
	"net/http"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// pondering lets a client in when it says so, once the test does.
type pondering struct {
	*recorder
	asked chan struct{}
	think chan struct{}
}

type pondered struct {
	*echo
	by pondering
}

func (p pondering) Open(s *Session, r *http.Request) Receiver {
	return pondered{p.recorder.Open(s, r).(*echo), p}
}

func (p pondered) Message(data []byte, binary bool) {
	if string(data) == "let me in" {
		p.by.asked <- struct{}{}
		<-p.by.think
		p.session.Settle("")
	}
	p.echo.Message(data, binary)
}

// Some WebSockets that never said who they are locked out all who log in by a token, from the same office or mobile network.
func TestWhoSaysNothingGivesWayToWhoComesFromTheSameAddress(t *testing.T) {
	t.Parallel()
	for _, polls := range []bool{false, true} {
		h := newRecorder()
		server, address := serve(t, vouching{h}, Options{MaxPending: 100, MaxPendingPerIP: 3, PendingPayload: pendingBytes})
		server.strangers.least = 0
		for range 10 {
			if polls {
				pollerOf(t, address).open()
			} else {
				dialOpen(t, address).raw(frame(finText, "6"))
			}
		}
		for range 4 {
			c := dialOpen(t, address)
			c.send("4let me in")
			if got := c.read(); got != "4let me in" {
				t.Fatalf("got %q", got)
			}
		}
		for range 8 { // the last of ten, and the first of four, found a place
			if got := within(t, h.closed, "an eldest's end"); got != GaveWay {
				t.Errorf("ended by %q", got)
			}
		}
		if n := server.options.Admission.Pending(); n != 2 {
			t.Errorf("%d are pending, want 2", n)
		}
		if n := server.Sessions(); n != 6 {
			t.Errorf("%d sessions, want 6", n)
		}
	}
}

// Their login waits for a database: it is not they who take long.
func TestWhoIsJustBeingHeardGivesWayToNobody(t *testing.T) {
	t.Parallel()
	h := pondering{newRecorder(), make(chan struct{}, 10), make(chan struct{})}
	server, address := serve(t, h, Options{MaxPending: 100, MaxPendingPerIP: 2, PendingPayload: pendingBytes})
	server.strangers.least = 0
	first, second := dialOpen(t, address), dialOpen(t, address)
	first.send("4let me in")
	second.send("4let me in")
	within(t, h.asked, "a login")
	within(t, h.asked, "another")
	if _, err := try(t, engineclient.Dialer{}, "ws://"+address+handshakeQuery); err == nil {
		t.Error("a third found a place")
	}
	close(h.think)
	first.expect("4let me in")
	second.expect("4let me in")
}

// Whoever says something that does not let it in goes on being a stranger.
func TestWhoIsNotLetInAfterAllGivesWay(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	server, address := serve(t, vouching{h}, Options{MaxPending: 100, MaxPendingPerIP: 2, PendingPayload: pendingBytes})
	server.strangers.least = 0
	for range 4 {
		c := dialOpen(t, address)
		c.send("4who knows")
		c.expect("4who knows")
	}
	for range 2 {
		if got := within(t, h.closed, "an end"); got != GaveWay {
			t.Errorf("ended by %q", got)
		}
	}
}

// Who has just come has some time for its first word, and who comes as fast as may be is refused.
func TestWhoHasJustComeGivesWayToNobody(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	server, address := serve(t, vouching{h}, Options{MaxPending: 100, MaxPendingPerIP: 2, PendingPayload: pendingBytes})
	server.strangers.least = patience
	first := dialOpen(t, address)
	dialOpen(t, address)
	if got := pollerOf(t, address).get(); got.status != http.StatusServiceUnavailable {
		t.Errorf("a third was answered %d", got.status)
	}
	first.send("4let me in")
	first.expect("4let me in")
}

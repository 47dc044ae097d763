package legacy

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

func TestARefusedClientNeverReachesATransport(t *testing.T) {
	t.Parallel()
	s := serve(t, engineio.Options{}, func(*socketio.Socket, *socketio.Handshake) error {
		return &socketio.ConnectError{Message: "Authentication error", Close: true}
	})
	for range 3 {
		if status, body := s.do("GET", polls, ""); status != 403 || body != `{"code":4,"message":"Authentication error"}` {
			t.Fatalf("answered %d %s", status, body)
		}
	}
	if n := s.server.Connections(); n != 0 {
		t.Errorf("%d sessions were made", n)
	}
}

func TestOnlyFaultlessRequestsAreTaken(t *testing.T) {
	t.Parallel()
	s := serve(t, engineio.Options{Allow: func(r *http.Request) bool { return r.Header.Get("Origin") != "https://evil.example" }})
	sid := s.poller()
	upgrade := http.Header{"Upgrade": {"websocket"}}
	for _, test := range []struct {
		method, query string
		header        http.Header
		want          bool
	}{
		{"GET", polls, nil, true},
		{"GET", "transport=polling", nil, true}, // the official rule: not 4 is 3
		{"GET", byWebSocket, upgrade, true},
		{"GET", sid, nil, true},
		{"POST", sid, nil, true},
		{"GET", "EIO=4&transport=polling", nil, false},
		{"GET", strings.Replace(sid, "EIO=3", "EIO=4", 1), nil, false},
		{"GET", byWebSocket, nil, false},
		{"GET", polls, upgrade, false},
		{"GET", "EIO=3&transport=pigeon", nil, false},
		{"GET", "EIO=3", nil, false},
		{"GET", polls + "&j=0", nil, false},
		{"GET", polls + "&sid=1", nil, false},
		{"GET", polls + "&sid=", nil, false},
		{"POST", polls, nil, false},
		{"OPTIONS", polls, nil, false},
		{"OPTIONS", sid, nil, false},
		{"PUT", sid, nil, false},
		{"GET", polls, http.Header{"Origin": {"https://evil.example"}}, false},
	} {
		r := httptest.NewRequest(test.method, "/socket.io/?"+test.query, nil)
		if test.header != nil {
			r.Header = test.header
		}
		if got := s.server.Takes(r); got != test.want {
			t.Errorf("%s %s %v: taken %v", test.method, test.query, test.header, got)
		}
	}
}

func TestAbandonedHandshakesEnd(t *testing.T) {
	t.Parallel()
	s := serve(t, engineio.Options{PingInterval: 100 * time.Millisecond, PingTimeout: 100 * time.Millisecond})
	const many = 20
	for range many {
		s.do("GET", polls, "")
	}
	for range many {
		s.expectEnd(engineio.PingTimeout)
	}
	if n := s.server.Connections(); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

func TestAClientThatPingsStays(t *testing.T) {
	t.Parallel()
	s := serve(t, engineio.Options{PingInterval: 200 * time.Millisecond, PingTimeout: 200 * time.Millisecond})
	c := s.connect()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for range 5 { // longer than it would be given in silence
		<-ticker.C
		c.say("2")
		c.expect("3")
	}
	s.expectEnd(engineio.PingTimeout)
	c.expectClosed()
}

func TestAnUpgradeThatIsNeverFinishedStopsNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, engineio.Options{})
	sid := s.poller()
	c := s.dial(strings.Replace(sid, "polling", "websocket", 1))
	c.say("2probe")
	c.expect("3probe")
	for range 3 {
		if _, body := s.do("GET", sid, ""); body != "1:6" {
			t.Fatalf("a poll during the upgrade brought %q", body)
		}
	}
	if status, body := s.do("POST", sid, `17:42["echo","hé😀"]`); status != 200 || body != "ok" {
		t.Fatalf("a POST during the upgrade was answered %d %q", status, body)
	}
	heard := ""
	for range 20 {
		if _, heard = s.do("GET", sid, ""); heard != "1:6" {
			break
		}
	}
	if heard != `19:42["echoed","hé😀"]` {
		t.Fatalf("the answer is %q", heard)
	}
	if _, err := s.try(strings.Replace(sid, "polling", "websocket", 1)); err == nil {
		t.Error("a second upgrade at the same time was taken")
	}
	c.say("5")
	c.say(`42["echo",1]`)
	c.expect(`42["echoed",1]`)
	if status, _ := s.do("GET", sid, ""); status != 400 {
		t.Errorf("a poll after the upgrade was answered %d", status)
	}
}

func TestAnEndedSessionTakesItsUpgradeAlong(t *testing.T) {
	t.Parallel()
	s := serve(t, engineio.Options{})
	sid := s.poller()
	c := s.dial(strings.Replace(sid, "polling", "websocket", 1))
	c.say("2probe")
	c.expect("3probe")
	s.do("POST", sid, "1:1")
	s.expectEnd(engineio.TransportClose)
	c.expectClosed()
}

func TestPollingThatIsNotUpgradedEnds(t *testing.T) {
	t.Parallel()
	s := serve(t, engineio.Options{Polling: engineio.PollingUpgrade})
	s.server.upgradeWithin = 50 * time.Millisecond
	s.poller()
	s.expectEnd(engineio.NotUpgraded)
}

func TestAWebSocketThatAsksWhenTheTimeForItIsOverHasAsMuchAgainOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, engineio.Options{Polling: engineio.PollingUpgrade})
	s.server.upgradeWithin = patience // the test says when it is over
	begin := func() (*client, *webSocket) {
		sid := s.poller()
		c := s.dial(strings.Replace(sid, "polling", "websocket", 1))
		c.say("2probe")
		c.expect("3probe")
		return s.server.client(sid[strings.LastIndex(sid, "=")+1:]), c
	}
	here, c := begin()
	here.hasPolled()
	c.say("5")
	c.say(`42["echo",1]`)
	c.expect(`42["echoed",1]`)
	here.hasPolled() // long since arrived
	c.say(`42["echo",2]`)
	c.expect(`42["echoed",2]`)

	never, c := begin()
	never.hasPolled()
	never.hasPolled()
	s.expectEnd(engineio.NotUpgraded)
	c.expectClosed()
}

func TestAClientThatNeverReadsIsCutOffAndNobodyWaits(t *testing.T) {
	t.Parallel()
	s := serve(t, engineio.Options{SendQueueBytes: 200_000})
	s.connect() // reads nothing more
	other := s.connect()
	pad := strings.Repeat("x", 20_000)
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for !strings.Contains(other.hear(), "last") {
		}
	}()
	deadline, longest := time.Now().Add(patience), time.Duration(0)
	for dropped := false; !dropped; {
		begun := time.Now()
		s.root.To("lobby").Emit("loud", pad)
		longest = max(longest, time.Since(begun))
		select {
		case reason := <-s.ended:
			if dropped = true; reason != engineio.QueueFull {
				t.Fatalf("ended for %q", reason)
			}
		case <-time.After(time.Millisecond): // the other one's time to read
		}
		if time.Now().After(deadline) {
			t.Fatal("the slow client was not cut off")
		}
	}
	s.root.To("lobby").Emit("last")
	<-heard
	if longest > time.Second {
		t.Errorf("a broadcast took %v", longest)
	}
}

func TestOversizedMessagesAreRefused(t *testing.T) {
	t.Parallel()
	var tooLarge atomic.Int32
	s := serve(t, engineio.Options{MaxPayload: 1000, OnTooLarge: func() { tooLarge.Add(1) }})
	sid := s.poller()
	if status, _ := s.do("POST", sid, strings.Repeat("x", 1001)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a POST was answered %d", status)
	}
	if status, _ := s.do("POST", sid, `12:42["echo",1]`); status != 200 {
		t.Errorf("after that one that fits was answered %d", status)
	}
	c := s.connect()
	c.say(`42["echo","` + strings.Repeat("x", 2000) + `"]`)
	s.expectEnd(engineio.TransportError)
	c.expectClosed()

	endless := s.connect()
	head := ws.Header{OpCode: ws.OpText, Masked: true, Length: 500}
	for i := range 3 { // fragments without an end
		if i > 0 {
			head.OpCode = ws.OpContinuation
		}
		ws.WriteHeader(endless, head)
		endless.Write([]byte(strings.Repeat("4", 500)))
	}
	s.expectEnd(engineio.TransportError)
	endless.expectClosed()
	if n := tooLarge.Load(); n != 3 {
		t.Errorf("told of %d messages that are too large, want 3", n)
	}
}

func TestBadPayloadsEndTheirSessionOnly(t *testing.T) {
	t.Parallel()
	s := serve(t, engineio.Options{})
	other := s.connect()
	for _, payload := range []string{"x", "1:", ":4", "-1:4", "5:4", "0:", "99999999999999999999:4", "2:4😀", "1:4\xff",
		"1:6x", "1:61:b", "\x00\x01\xff6\x09", "\x00\x01\xff6\x00\x01\xff7", "\x00\x01\xff"} {
		sid := s.poller()
		kind := "text/plain;charset=UTF-8"
		if payload[0] == 0 {
			kind = "application/octet-stream"
		}
		s.sends("POST", sid, payload, kind)
		select {
		case <-s.ended:
		case <-time.After(patience):
			t.Fatalf("%q is survived", payload)
		}
	}
	other.say(`42["echo",1]`)
	other.expect(`42["echoed",1]`)
}

// Its pong waits for a poll. The request, and a stop of the server with it, waited for the ping's deadline.
func TestAPostThatIsNotAnsweredHoldsNoStopUp(t *testing.T) {
	t.Parallel()
	admission := engineio.NewAdmission(engineio.Limits{Connections: 10})
	s := serve(t, engineio.Options{Admission: admission, CloseGrace: time.Millisecond})
	sid := s.poller()
	c := s.server.client(sid[strings.LastIndex(sid, "=")+1:])
	answered := make(chan string)
	go func() { _, body := s.do("POST", sid, "1:2"); answered <- body }()
	for !c.carriers[0].(*pollingCarrier).posted.Load() {
		time.Sleep(time.Millisecond)
	}
	if err := s.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if body := <-answered; body != "ok" {
		t.Errorf("answered %q", body)
	}
	if n := admission.Places(); n != 0 {
		t.Errorf("%d places are taken, want none", n)
	}
}

func TestWhatFollowsAGoodbyeHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	admission := engineio.NewAdmission(engineio.Limits{Connections: 10})
	s := serve(t, engineio.Options{Admission: admission})
	for _, body := range []string{"1:1", "1:12:40", "1:11:6"} {
		if status, said := s.do("POST", s.poller(), body); status != 200 || said != "ok" {
			t.Errorf("%q was answered %d %q", body, status, said)
		}
		s.expectEnd(engineio.TransportClose)
	}
	for admission.Places() > 0 {
		time.Sleep(time.Millisecond)
	}
}

func TestShutdownWritesWhatIsQueued(t *testing.T) {
	t.Parallel()
	s := serve(t, engineio.Options{})
	c := s.connect()
	c.say(`42["echo",1]`)
	c.expect(`42["echoed",1]`) // by now it is in the lobby
	s.root.To("lobby").Emit("last words")
	if err := s.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.expect(`42["last words"]`)
	c.expectClosed()
	s.expectEnd(engineio.ShuttingDown)
}

func TestAPollIsToldThatTheServerClosed(t *testing.T) {
	t.Parallel()
	s := serve(t, engineio.Options{})
	sid := s.poller()
	told := make(chan string, 1)
	go func() { _, body := s.do("GET", sid, ""); told <- body }()
	if err := s.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if body := <-told; body != "1:1" && body != "not taken\n" { // the poll may come too late
		t.Errorf("told %q", body)
	}
}

func TestOnlyListedOriginsMayReadPolls(t *testing.T) {
	t.Parallel()
	listed := func(r *http.Request) bool { return r.Header.Get("Origin") == "https://app.example" }
	s := serve(t, engineio.Options{CORS: &engineio.CORS{Allow: listed, Credentials: true}})
	sid := s.poller()
	for _, method := range []string{"GET", "POST"} {
		for origin, want := range map[string]string{"https://app.example": "https://app.example", "https://other.example": "", "": ""} {
			s.root.Emit("something to poll for")
			r, err := http.NewRequest(method, s.web.URL+"/socket.io/?"+sid, strings.NewReader(`12:42["echo",1]`))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "text/plain;charset=UTF-8")
			if origin != "" {
				r.Header.Set("Origin", origin)
			}
			answer, err := s.http.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if got := answer.Header.Get("Access-Control-Allow-Origin"); got != want || answer.StatusCode != 200 {
				t.Errorf("%s from %q: %d, allowed %q", method, origin, answer.StatusCode, got)
			}
			if vary, trusted := answer.Header.Values("Vary"), answer.Header.Get("Access-Control-Allow-Credentials"); !slices.Equal(vary, []string{"Origin"}) || (trusted != "") != (want != "") {
				t.Errorf("%s from %q: Vary %q, credentials %q", method, origin, vary, trusted)
			}
		}
	}
}

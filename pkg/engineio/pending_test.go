package engineio

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
	"github.com/socketgate/socketgate/pkg/engineio/internal/netpoll"
)

const pendingBytes = 32 << 10

// vouching lets a client in when it says so.
type vouching struct{ *recorder }

type vouched struct {
	*echo
}

func (v vouching) Open(s *Session, r *http.Request) Receiver {
	return vouched{v.recorder.Open(s, r).(*echo)}
}

func (v vouched) Message(data []byte, binary bool) {
	if string(data) == "let me in" {
		v.session.Settle("ann")
	}
	v.echo.Message(data, binary)
}

func TestBeforeItIsLetInAClientIsHeldToFewBytes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", pendingBytes)
	header := func(opcode ws.OpCode, fin bool, length int64) []byte {
		b, err := ws.CompileFrame(ws.Frame{Header: ws.Header{Fin: fin, OpCode: opcode, Masked: true, Length: length}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	attacks := map[string]func(c *client){
		"one frame":             func(c *client) { c.send("4" + long) },
		"a header alone":        func(c *client) { c.raw(header(ws.OpText, true, 1_000_000)) },
		"a binary header alone": func(c *client) { c.raw(header(ws.OpBinary, true, 1_000_000)) },
		"a megabyte of binary":  func(c *client) { c.raw(append(header(ws.OpBinary, true, 1_000_000), long...)) },
		"a fragment too many":   func(c *client) { c.raw(frame(partText, "4"+long[:30_000])); c.raw(frame(part, long[:30_000])) },
		"a fragment's header": func(c *client) {
			c.raw(frame(partText, "4"+long[:30_000]))
			c.raw(header(ws.OpContinuation, false, 30_000))
		},
	}
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newRecorder()
			_, address := serve(t, vouching{h}, Options{PendingPayload: pendingBytes})
			attack(dialOpen(t, address))
			if got := within(t, h.closed, "the end"); got != TooMuchPending {
				t.Errorf("ended by %q, want %q", got, TooMuchPending)
			}
		})
	}
}

func TestBeforeItIsLetInLittleWaitsForAClientThatDoesNotRead(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	_, address := serve(t, vouching{h}, Options{PendingPayload: pendingBytes})
	p := pollerOf(t, address).open()
	for range 3 {
		p.says("4" + strings.Repeat("x", 8000))
	}
	p.post("4" + strings.Repeat("x", 9000)) // now more is waiting than may
	if got := within(t, h.closed, "the end"); got != QueueFull {
		t.Errorf("ended by %q", got)
	}
}

func TestOnceItIsLetInAClientMaySayAsMuchAsMaxPayload(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	_, address := serve(t, vouching{h}, Options{PendingPayload: pendingBytes})
	c := dialOpen(t, address)
	long := strings.Repeat("x", 500_000)
	c.raw(append(frame(finText, "4let me in"), frame(finText, "4"+long)...)) // in one write even
	if got := c.read(); got != "4let me in" {
		t.Fatalf("got %.40q", got)
	}
	if got := c.read(); got != "4"+long {
		t.Errorf("got %d bytes", len(got))
	}
}

func TestAPollingClientIsHeldToFewBytesUntilItIsLetIn(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	_, address := serve(t, vouching{h}, Options{PendingPayload: pendingBytes})
	long := "4" + strings.Repeat("x", pendingBytes)
	p := pollerOf(t, address).open()
	if got := p.post(long); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("answered %d", got.status)
	}
	if got := within(t, h.closed, "the end"); got != TooMuchPending {
		t.Errorf("ended by %q", got)
	}
	p.forgotten()

	p = pollerOf(t, address).open()
	p.says("4let me in")
	p.expect("4let me in")
	p.says(long)
	p.expect(long)
}

func TestWhoIsKnownAtTheHandshakeIsNotPending(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	server, address := serve(t, h, Options{MaxPending: 4, MaxPendingPerIP: 1, PendingPayload: pendingBytes, Identify: cookieIs})
	server.strangers.least = 0
	dialOpen(t, address)
	pollerOf(t, address).open()
	if got := within(t, h.closed, "the first one's end"); got != GaveWay {
		t.Errorf("the first client that nobody knows ended by %q", got)
	}
	for range 5 {
		if got := pollerOf(t, address).get("Cookie", "token=ann"); got.status != 200 {
			t.Errorf("a known one was answered %d", got.status)
		}
	}
	if n := server.options.Admission.Pending(); n != 1 {
		t.Errorf("%d are pending, want 1", n)
	}
}

// cookieIs takes a cookie's word for who it is. What comes after a dot is another token of the same user.
func cookieIs(r *http.Request) Identity {
	cookie, err := r.Cookie("token")
	if err != nil {
		return Identity{}
	}
	user, _, _ := strings.Cut(cookie.Value, ".")
	return Identity{User: user}
}

func TestAStolenSidSpeaksForNobody(t *testing.T) {
	t.Parallel()
	seen := newCauses()
	h := newRecorder()
	server, address := serve(t, h, Options{Observer: seen, Identify: cookieIs, Allow: func(r *http.Request) bool {
		return r.Header.Get("Origin") != "https://evil.example"
	}})
	p := pollerOf(t, address)
	open := p.get("Cookie", "token=ann")
	p.query += "&sid=" + within(t, h.opened, "the session").ID()
	if open.status != 200 {
		t.Fatalf("the handshake was answered %d", open.status)
	}
	for name, headers := range map[string][]string{
		"no cookie":               nil,
		"another user's cookie":   {"Cookie", "token=eve"},
		"another cookie":          {"Cookie", "session=ann"},
		"an empty cookie":         {"Cookie", "token="},
		"a foreign page's cookie": {"Cookie", "token=ann", "Origin", "https://evil.example"},
	} {
		want := CauseIdentity
		if strings.HasPrefix(name, "a foreign") {
			want = CauseForbidden
		}
		for _, ask := range []func() answer{
			func() answer { return p.post("4as ann", headers...) },
			func() answer { return p.get(headers...) },
		} {
			if got := ask(); got.status != http.StatusForbidden {
				t.Errorf("%s: answered %d %q", name, got.status, got.body)
			}
			if cause := within(t, seen.refused, "the count"); cause != want {
				t.Errorf("%s: counted as %q", name, cause)
			}
		}
		lines := append([]string{}, upgradeLines...)
		for i := 0; i < len(headers); i += 2 {
			lines = append(lines, headers[i]+": "+headers[i+1])
		}
		query := strings.Replace(p.query, "polling", "websocket", 1)
		if status, _, _ := ask(t, address, "GET", query, lines...); status != http.StatusBadRequest {
			t.Errorf("%s: the upgrade was answered %d", name, status)
		}
		within(t, seen.refused, "the count")
	}
	for _, cookie := range []string{"token=ann", "token=ann.renewed", "token=ann.renewed; theme=dark"} { // a refreshed one too
		if got := p.post("4"+cookie, "Cookie", cookie); got.status != 200 {
			t.Errorf("her own %q was answered %d", cookie, got.status)
		}
		if got := p.get("Cookie", cookie); got.body != "4"+cookie {
			t.Errorf("her own %q heard %q", cookie, got.body)
		}
	}
	if server.Sessions() != 1 {
		t.Error("the attempts have ended her session")
	}
}

func TestCredentialsThatWereSeenAreNotVerifiedAgain(t *testing.T) {
	t.Parallel()
	asked := 0
	identify := func(r *http.Request) Identity { asked++; return cookieIs(r) }
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "token=ann")
	var b Binding
	b.Bind(r, cookieIs(r))
	for range 100 {
		if !b.Admits(r, identify) {
			t.Fatal("refused")
		}
	}
	if asked != 0 {
		t.Errorf("verified %d times", asked)
	}
}

func TestABodyThatNeverComesIsGivenUpSoonerBeforeLogin(t *testing.T) {
	onFakeTime(t, Options{PendingPayload: pendingBytes}, func(t *testing.T, h *recorder, server *Server, network *memory) {
		p := network.poller().open()
		start := time.Now()
		body, rest := io.Pipe()
		defer rest.Close()
		p.do(t.Context(), http.MethodPost, body)
		if took := time.Since(start); took > pendingRequestTimeout+time.Second {
			t.Errorf("given up after %v", took)
		}
	})
}

// turnsOf returns whom a WebSocket shares its turns with, once it has a session.
func turnsOf(s *Session) netpoll.Crowd { return s.carriedBy().(*websocket).conn.Crowd() }

// Strangers who had turns of their own as soon as they had a WebSocket, 64 of one address, kept everybody waiting for each of them. So did 500
// who logged in, joined a room and left, again and again.
func TestAClientSharesItsTurnsUntilItHasBeenLetInForAMoment(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	_, address := serve(t, vouching{h}, Options{MaxPending: 8, PendingPayload: pendingBytes, Identify: cookieIs})
	c := dialOpen(t, address)
	s := <-h.opened
	strangers := crowdOf(networkOf(netip.MustParseAddr("127.0.0.1")))
	if turnsOf(s) != strangers {
		t.Error("it has turns of its own before anybody knows it")
	}
	c.send("4let me in")
	c.read()
	if turnsOf(s) != strangers|netpoll.Known {
		t.Error("it shares its turns with strangers, or nobody, as it is let in")
	}
	s.opened -= arriving
	c.send("4hello")
	c.read()
	if turnsOf(s) != 0 {
		t.Error("it shares its turns once it has been there for a moment")
	}
	dialer := engineclient.Dialer{Header: http.Header{"Cookie": {"token=ann"}}}
	if _, err := try(t, dialer, "ws://"+address+"/engine.io/?EIO=4&transport=websocket"); err != nil {
		t.Fatal(err)
	}
	if turnsOf(<-h.opened) != strangers|netpoll.Known {
		t.Error("one that is known at the handshake does not share its turns with those who are")
	}
}

func TestAClientThatUpgradesSharesItsTurnsUntilItIsLetIn(t *testing.T) {
	onFakeTime(t, Options{MaxPending: 8, PendingPayload: pendingBytes}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		for letIn := range 3 {
			p := network.poller().open()
			s := <-h.opened
			settle := func(when int) {
				if when == letIn {
					s.Settle("ann")
				}
			}
			settle(1)
			c := network.probes(p)
			c.send("2probe")
			c.expect("3probe")
			settle(2)
			c.send("5")
			synctest.Wait()
			if shares := turnsOf(s)&netpoll.Known == 0; shares != (letIn == 0) {
				t.Errorf("case %d: it shares its turns with strangers: %v", letIn, shares)
			}
		}
	})
}

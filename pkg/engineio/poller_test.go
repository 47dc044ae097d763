package engineio

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// poller is a client that polls.
type poller struct {
	t     testing.TB
	web   *http.Client
	base  string
	query string
	dials *atomic.Int32
}

// answer is what an HTTP request got. Status 0 means that it failed.
type answer struct {
	status int
	header http.Header
	body   string
}

func newPoller(t testing.TB, base string, connect func(ctx context.Context, network, address string) (net.Conn, error)) *poller {
	dials := new(atomic.Int32)
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			dials.Add(1)
			return connect(ctx, network, address)
		},
		DisableCompression: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &poller{t, &http.Client{Transport: transport}, base, "?EIO=4&transport=polling", dials}
}

func pollerOf(t testing.TB, address string) *poller {
	return newPoller(t, "http://"+address+"/engine.io/", new(net.Dialer).DialContext)
}

func (m *memory) poller() *poller {
	return newPoller(m.t, "http://memory/engine.io/", m.Dial)
}

// open does the handshake and keeps to the session from then on.
func (p *poller) open() *poller {
	p.t.Helper()
	first, _, _ := strings.Cut(p.get().body, "\x1e")
	handshake, err := engineclient.ParseOpening(first)
	if err != nil {
		p.t.Fatalf("handshake %q: %v", first, err)
	}
	p.query += "&sid=" + handshake.SID
	return p
}

// do sends a request; headers are pairs of name and value.
func (p *poller) do(ctx context.Context, method string, body io.Reader, headers ...string) answer {
	r, err := http.NewRequestWithContext(ctx, method, p.base+p.query, body)
	if err != nil {
		p.t.Error(err)
		return answer{}
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	res, err := p.web.Do(r)
	if err != nil {
		return answer{body: err.Error()}
	}
	got, err := engineclient.ReadAnswer(res, 64<<20)
	if err != nil {
		p.t.Errorf("read the answer: %v", err)
	}
	return answer{got.Status, got.Header, got.Body}
}

func (p *poller) get(headers ...string) answer {
	return p.do(context.Background(), http.MethodGet, nil, headers...)
}

func (p *poller) post(body string, headers ...string) answer {
	return p.do(context.Background(), http.MethodPost, strings.NewReader(body), headers...)
}

// getting is get without waiting for the answer.
func (p *poller) getting(headers ...string) <-chan answer {
	answers := make(chan answer, 1)
	go func() { answers <- p.get(headers...) }()
	return answers
}

func (p *poller) expect(want string) {
	p.t.Helper()
	p.gets(p.get(), 200, want)
}

func (p *poller) says(packets string) {
	p.t.Helper()
	p.gets(p.post(packets), 200, "ok")
}

func (p *poller) gets(got answer, status int, body string) {
	p.t.Helper()
	if got.status != status || got.body != body {
		p.t.Errorf("got %d %q, want %d %q", got.status, got.body, status, body)
	}
}

const (
	unknownSession = `{"code":1,"message":"Session ID unknown"}`
	isBadRequest   = `{"code":3,"message":"Bad request"}`
)

// forgotten checks that the session is gone.
func (p *poller) forgotten() {
	p.t.Helper()
	p.gets(p.get(), 400, unknownSession)
}

// pending starts a GET and waits, on fake time, until the server holds it.
func (p *poller) pending(headers ...string) <-chan answer {
	p.t.Helper()
	answers := p.getting(headers...)
	synctest.Wait()
	p.stillPending(answers)
	return answers
}

func (p *poller) stillPending(answers <-chan answer) {
	p.t.Helper()
	select {
	case got := <-answers:
		p.t.Fatalf("the server did not hold the request: %d %q", got.status, got.body)
	default:
	}
}

// onFakeTime runs a test against a server in memory: one whose requests net/http serves, and then one that has a Door.
func onFakeTime(t *testing.T, o Options, test func(t *testing.T, h *recorder, server *Server, network *memory)) {
	t.Parallel()
	for by, byDoor := range map[string]bool{"by net/http": false, "by the door": true} {
		t.Run(by, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newRecorder()
				server, network := serveMemoryBy(t, h, o, &http.Server{}, byDoor)
				test(t, h, server, network)
			})
		})
	}
}

// expectEnd checks, on fake time, that the receiver has been told of the end, once.
func (h *recorder) expectEnd(t testing.TB, want Reason) {
	t.Helper()
	synctest.Wait()
	select {
	case reason := <-h.closed:
		if reason != want {
			t.Errorf("reason %q, want %q", reason, want)
		}
	default:
		t.Errorf("nobody was told of the end, want %q", want)
	}
	h.expectNoEnd(t)
}

func (h *recorder) expectNoEnd(t testing.TB) {
	t.Helper()
	synctest.Wait()
	select {
	case reason := <-h.closed:
		t.Errorf("told of an end: %q", reason)
	default:
	}
}

// sleepUntil sleeps on fake time.
func sleepUntil(start time.Time, after time.Duration) {
	time.Sleep(time.Until(start.Add(after)))
	synctest.Wait()
}

// cost is what counts as queued for a session.
func (s *Session) cost() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outbox.cost
}

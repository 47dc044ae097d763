package engineio

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// asks says a request of long-polling and reads its answer's body. Of a handshake it returns the session's id.
func (e *entrance) asks(conn *net.TCPConn, request string) string {
	e.t.Helper()
	e.says(conn, request)
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		e.t.Fatalf("%.40q: %v", request, err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != http.StatusOK {
		e.t.Errorf("%.40q: answered %d %q, %v", request, got.StatusCode, body, err)
	}
	if _, id, ok := strings.Cut(string(body), `{"sid":"`); ok {
		id, _, _ = strings.Cut(id, `"`)
		return id
	}
	return string(body)
}

func TestNothingOfAPollingClientComesToNetHTTP(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, true, Options{CORS: &CORS{}}, DoorOptions{})
	var elsewhere atomic.Int32
	e.web.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { elsewhere.Add(1); e.ServeHTTP(w, r) })
	conn := e.dial()
	sid := "&sid=" + e.asks(conn, pollRequest("GET", ""))
	e.says(conn, pollRequest("OPTIONS", sid, "Origin: https://app.example"))
	if got, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || got.StatusCode != http.StatusNoContent {
		t.Errorf("the preflight: %v, %v", got, err)
	}
	if got := e.asks(conn, postRequest(sid, "4hello")); got != "ok" {
		t.Errorf("the POST was answered %q", got)
	}
	if got := e.asks(conn, pollRequest("GET", sid)); got != "4hello" {
		t.Errorf("the GET was answered %q", got)
	}
	upgrade := e.dial()
	e.says(upgrade, upgradeRequest("/engine.io/?EIO=4&transport=websocket"+sid)+string(frame(finText, "2probe")))
	if got, err := answers(upgrade, 1); err != nil || len(got) != 2 || !strings.HasSuffix(got[1], "3probe") {
		t.Errorf("the upgrade was answered %q, %v", got, err)
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("net/http served %d requests", n)
	}
	conn.Close()
	upgrade.Close()
	e.cutAll()
}

// Not parallel: goroutines are counted for the whole process.
func TestPollsThatWaitAndBodiesThatDoNotEndHaveNoGoroutine(t *testing.T) {
	e := openEntrance(t, true, Options{}, DoorOptions{})
	const clients = 40
	before := runtime.NumGoroutine()
	for range clients {
		conn, stuck := e.dial(), e.dial()
		sid := "&sid=" + e.asks(conn, pollRequest("GET", ""))
		e.says(conn, pollRequest("GET", sid))
		e.says(stuck, postRequest(sid, "4hello")[:100])
	}
	waiting := func() (n int) {
		for _, s := range e.all() {
			if s.Writable() {
				n++
			}
		}
		return n
	}
	for deadline := time.Now().Add(patience); waiting() < clients && time.Now().Before(deadline); runtime.Gosched() {
	}
	if n := waiting(); n != clients {
		t.Errorf("%d polls wait, want %d", n, clients)
	}
	if n := runtime.NumGoroutine(); n > before+clients/2 { // workers come and go
		t.Errorf("%d goroutines, %d before", n, before)
	}
	for _, s := range e.all() {
		s.end(ForcedClose)
	}
}

// What comes behind a request that waits for its answer is left to the kernel, but for what one read takes.
func TestWhoTalksOnBehindAPollIsNotReadOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newRecorder()
		_, network := serveMemoryBy(t, h, Options{}, talkServer(), true)
		p := network.poller().open()
		conn := network.connect()
		defer conn.Close()
		io.WriteString(conn, "GET /engine.io/"+p.query+" HTTP/1.1\r\nHost: x\r\n\r\n")
		var taken atomic.Int32
		go func() {
			for {
				n, err := io.WriteString(conn, pollRequest("GET", "&sid=nobody"))
				if taken.Add(int32(n)); err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		if n := taken.Load(); n > readAhead+4*4096 {
			t.Errorf("%d bytes were taken behind a poll that waits", n)
		}
		(<-h.opened).Send(Message([]byte("a")))
		answer := make([]byte, 64<<10)
		for text := ""; strings.Count(text, unknownSession) < 200; { // all that is said has its answer
			n, err := conn.Read(answer)
			if err != nil {
				t.Fatal(err)
			}
			text += string(answer[:n])
		}
	})
}

// Not parallel: the heap is that of the whole process.
func TestABodyHoldsAsMuchAsHasComeOfIt(t *testing.T) {
	e := openEntrance(t, true, Options{}, DoorOptions{})
	const clients, length = 50, 900_000
	sids := make([]string, clients)
	conns := make([]*net.TCPConn, clients)
	for i := range clients {
		conns[i] = e.dial()
		sids[i] = "&sid=" + e.asks(conns[i], pollRequest("GET", ""))
	}
	before := heapInUse()
	for i, conn := range conns {
		e.says(conn, postRequest(sids[i], strings.Repeat("4", length))[:10_000])
	}
	posting := func() (n int) {
		for _, s := range e.all() {
			s.mu.Lock()
			if s.carrier.(*polling).posting {
				n++
			}
			s.mu.Unlock()
		}
		return n
	}
	for deadline := time.Now().Add(patience); posting() < clients && time.Now().Before(deadline); runtime.Gosched() {
	}
	each := (heapInUse() - before) / clients
	t.Logf("%d bytes for each body", each)
	if each > 40_000 {
		t.Errorf("%d bytes for each 10,000", each)
	}
	for _, conn := range conns {
		conn.Close()
	}
	e.settles(0)
	for deadline := time.Now().Add(patience); e.Sessions() != 0 && time.Now().Before(deadline); runtime.Gosched() {
	}
	if left := (heapInUse() - before) / clients; left > 2_000 {
		t.Errorf("%d bytes are left of each", left)
	}
}

// Neither a body on its way nor an answer that nobody takes holds up the end.
func TestShutdownWaitsForNoSlowRequest(t *testing.T) {
	t.Parallel()
	for name, slow := range map[string]func(network *memory, p *poller) (most time.Duration){
		"a body": func(network *memory, p *poller) time.Duration {
			conn := network.connect()
			go io.Copy(io.Discard, conn)
			fmt.Fprintf(conn, "POST /engine.io/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n4", p.query)
			return 3 * time.Second // CloseGrace is 2 s
		},
		"an answer": func(network *memory, p *poller) time.Duration { network.slowPoll(p); return 6 * time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newRecorder()
				server, network := serveMemoryBy(t, h, Options{}, talkServer(), true)
				most := slow(network, network.poller().open())
				(<-h.opened).Send(Message([]byte("for whoever takes it")))
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				start := time.Now()
				if err := server.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("shutdown: %v", err)
				}
				if took := time.Since(start); took > most {
					t.Errorf("shutdown took %v, want %v at most", took, most)
				}
			})
		})
	}
}

// A proxy's connection carries requests of several clients: each has the turns of its own sender, and the next one is read in the proxy's.
func TestARequestOfAProxyHasTheTurnsOfItsSender(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, true, Options{MaxPending: 8, PendingPayload: 1000, CountedAddr: func(r *http.Request) netip.Addr {
		return netip.MustParseAddr(r.Header.Get("X-Forwarded-For"))
	}}, DoorOptions{Proxied: func(any) bool { return true }})
	d := e.web.Listener.(*Door)
	client, conn := connected(t)
	mark, _ := d.options.Arrive(conn)
	a := &arrival{door: d, mark: mark, proxied: true}
	d.admit(a, conn)
	proxys := a.conn.Crowd()
	handshake := pollRequest("GET", "", "X-Forwarded-For: 192.0.2.1")
	a.Received([]byte(handshake))
	if got, want := a.conn.Crowd(), crowdOf(networkOf(netip.MustParseAddr("192.0.2.1"))); got != want || e.Sessions() != 0 {
		t.Errorf("it waits among %x, want %x, and there are %d sessions", got, want, e.Sessions())
	}
	a.conn.Start()
	e.asks(client.(*net.TCPConn), "")
	if got := a.conn.Crowd(); got != proxys {
		t.Errorf("the next request is read among %x, want %x", got, proxys)
	}
	s := e.all()[0]
	r := httptest.NewRequest("GET", "/engine.io/?EIO=4&transport=polling&sid="+s.ID(), nil)
	r.Header.Set("X-Forwarded-For", "192.0.2.2")
	if got, want := e.crowdOf(r, r.URL.Query()), s.crowd(); got != want {
		t.Errorf("a request of a session has the turns of %x, want those of its client, %x", got, want)
	}
	s.Settle("ann")
	s.opened -= arriving
	if got := e.crowdOf(r, r.URL.Query()); got != 0 {
		t.Errorf("one of a client that is let in has the turns of %x, want its own", got)
	}
	client.Close()
	e.cutAll()
}

func TestAPanicForAPollAtTheDoorCostsOneConnection(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, true, Options{Allow: func(r *http.Request) bool {
		if r.Header.Get("Cookie") == "poison" {
			panic("what an attacker has found")
		}
		return true
	}}, DoorOptions{})
	bystander, attacker := e.dial(), e.dial()
	sid := "&sid=" + e.asks(bystander, pollRequest("GET", ""))
	e.says(attacker, postRequest(sid, "4hello", "Cookie: poison"))
	if said := e.ends(attacker); said != "" {
		t.Errorf("answered %q", said)
	}
	if !strings.Contains(e.log.String(), "what an attacker has found") {
		t.Errorf("the log has %q", e.log.String())
	}
	if got := e.asks(bystander, postRequest(sid, "4still here")); got != "ok" {
		t.Errorf("the bystander got %q", got)
	}
	bystander.Close()
	e.cutAll()
}

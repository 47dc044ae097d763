package engineio

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// attack sends bytes on a connection of its own and returns the answer, or nil when there is none.
func attack(t *testing.T, address, request string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	go io.WriteString(conn, request) // the server may not take it all
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil
	}
	return got
}

func TestHostileWebSocketHeaders(t *testing.T) {
	t.Parallel()
	const key, version = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "Sec-WebSocket-Version: 13\r\n"
	seen := newCauses()
	h := newRecorder()
	server, address := serve(t, h, Options{Observer: seen})
	bystander := dialOpen(t, address)
	<-seen.opened
	for _, test := range []struct {
		name, headers string
		status        int
		counted       bool // as a bad request
	}{
		{"nothing wrong", key + version, 101, false},
		{"no key", version, 400, true},
		{"empty key", "Sec-WebSocket-Key: \r\n" + version, 400, true},
		{"short key", "Sec-WebSocket-Key: dGhl\r\n" + version, 400, true},
		{"long key", "Sec-WebSocket-Key: " + strings.Repeat("A", 100_000) + "\r\n" + version, 400, true},
		{"bad key and a good one", "Sec-WebSocket-Key: x\r\n" + key + version, 400, true},
		{"no version", key, 400, true},
		{"old version", key + "Sec-WebSocket-Version: 8\r\n", 426, true},
		{"version that overflows", key + "Sec-WebSocket-Version: 18446744073709551629\r\n", 426, true},
		{"version of 1 MB", key + "Sec-WebSocket-Version: " + strings.Repeat("13,", 400_000) + "\r\n", 431, false},
		{"version of 500 KB", key + "Sec-WebSocket-Version: " + strings.Repeat("1", 500_000) + "\r\n", 426, true},
		{"extension bomb", key + version + "Sec-WebSocket-Extensions: " + strings.Repeat("permessage-deflate; client_max_window_bits=99999999999, ", 10_000) + "x\r\n", 101, false},
		{"extensions unclosed", key + version + "Sec-WebSocket-Extensions: a; b=\"" + strings.Repeat("\\", 10_000) + "\r\n", 101, false},
		{"many extension headers", key + version + strings.Repeat("Sec-WebSocket-Extensions: permessage-deflate\r\n", 10_000), 101, false},
		{"protocol bomb", key + version + "Sec-WebSocket-Protocol: " + strings.Repeat("a,", 100_000) + "\r\n", 101, false},
		{"protocol of __proto__", key + version + "Sec-WebSocket-Protocol: __proto__, constructor\r\n", 101, false},
	} {
		got := attack(t, address, "GET "+handshakeQuery+" HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+test.headers+"\r\n")
		if got == nil || got.StatusCode != test.status {
			t.Errorf("%s: got %v, want status %d", test.name, got, test.status)
			continue
		}
		for _, name := range []string{"Sec-Websocket-Extensions", "Sec-Websocket-Protocol"} {
			if value, is := got.Header[name]; is {
				t.Errorf("%s: the server agreed to %s %q", test.name, name, value)
			}
		}
		switch {
		case test.counted:
			if cause := within(t, seen.refused, "the count"); cause != CauseBadRequest {
				t.Errorf("%s: counted as %q", test.name, cause)
			}
		case test.status == 101:
			within(t, seen.opened, "a session")
			within(t, seen.closed, "its end")
		}
	}
	bystander.send("4still here")
	bystander.expect("4still here")
	if n := server.Sessions(); n != 1 {
		t.Errorf("%d sessions, want the bystander's", n)
	}
	if len(seen.refused) != 0 {
		t.Errorf("%q was counted besides", <-seen.refused)
	}
}

func TestNamesOfJavaScriptObjectsMeanNothing(t *testing.T) {
	t.Parallel()
	seen := newCauses()
	_, address := serve(t, newRecorder(), Options{Observer: seen})
	for _, name := range []string{"toString", "__proto__", "constructor", "hasOwnProperty", "polling%00", "websocket%20", "Polling", strings.Repeat("x", 100_000)} {
		for _, test := range []struct{ query, want, plain, cause string }{
			{"?EIO=4&transport=" + name, `{"code":0,"message":"Transport unknown"}`, "Transport unknown", CauseTransport},
			{"?EIO=4&transport=polling&sid=" + name, unknownSession, "", CauseSession},
			{"?EIO=4&transport=websocket&sid=" + name, unknownSession, "Session ID unknown", CauseSession},
			{"?transport=polling&EIO=" + name, `{"code":5,"message":"Unsupported protocol version"}`, "", CauseVersion},
			{"?transport=polling&j=0&EIO=" + name, `{"code":5,"message":"Unsupported protocol version"}`, "", CauseJSONP},
		} {
			if status, _, body := ask(t, address, "GET", test.query); status != 400 || body != test.want {
				t.Errorf("%.60s: got %d %s, want 400 %s", test.query, status, body, test.want)
			}
			if cause := within(t, seen.refused, "the count"); cause != test.cause {
				t.Errorf("%.60s: counted as %q, want %q", test.query, cause, test.cause)
			}
			if test.plain == "" {
				continue
			}
			if status, _, body := ask(t, address, "GET", test.query, upgradeLines...); status != 400 || body != test.plain {
				t.Errorf("%.60s, upgrade: got %d %s, want 400 %s", test.query, status, body, test.plain)
			}
			if cause := within(t, seen.refused, "the count"); cause != test.cause {
				t.Errorf("%.60s, upgrade: counted as %q, want %q", test.query, cause, test.cause)
			}
		}
	}
}

func TestTenThousandHeaders(t *testing.T) {
	t.Parallel()
	server := New(newRecorder(), Options{})
	web := httptest.NewUnstartedServer(server)
	web.Config.MaxHeaderBytes = 64 << 10
	web.Start()
	defer web.Close()
	defer server.Shutdown(t.Context())
	address := strings.TrimPrefix(web.URL, "http://")
	bystander := dialOpen(t, address)
	var many strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&many, "X-%d: %d\r\n", i, i)
	}
	upgrade := strings.Join(upgradeLines, "\r\n") + "\r\n"
	for _, request := range []string{"GET " + handshakeQuery + " HTTP/1.1\r\nHost: x\r\n" + upgrade, "GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n"} {
		for range 10 {
			// Net/http may close with bytes unread, so that the reset overtakes the answer.
			if got := attack(t, address, request+many.String()+"\r\n"); got != nil && got.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("status %d, want 431", got.StatusCode)
			}
		}
	}
	if n := server.Sessions(); n != 1 {
		t.Errorf("%d sessions, want the bystander's", n)
	}
	bystander.send("4still here")
	bystander.expect("4still here")
}

func TestSlowHeaderSenderIsCutByReadHeaderTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, network := serveMemoryBy(t, newRecorder(), Options{}, &http.Server{ReadHeaderTimeout: 10 * time.Second}, false)
		bystander := network.dialOpen()
		conn := network.connect()
		defer conn.Close()
		start := time.Now()
		io.WriteString(conn, "GET "+handshakeQuery+" HTTP/1.1\r\nHost: x\r\n")
		for err := error(nil); err == nil; {
			if time.Since(start) > time.Minute {
				t.Fatal("a client may send headers for ever")
			}
			time.Sleep(3 * time.Second)
			_, err = io.WriteString(conn, "X: y\r\n")
		}
		expectAfter(t, "the cut", start, 12*time.Second) // when it was noticed
		if n := server.Sessions(); n != 1 {
			t.Errorf("%d sessions, want the bystander's", n)
		}
		bystander.send("4still here")
		bystander.expect("4still here")
	})
}

// ReadHeaderTimeout must not become the limit of a session that was upgraded, or of a held GET.
func TestReadHeaderTimeoutIsNotASessions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, network := serveMemoryBy(t, newRecorder(), Options{}, &http.Server{ReadHeaderTimeout: time.Second, ReadTimeout: 2 * time.Second, WriteTimeout: 3 * time.Second}, false)
		c := network.dialOpen()
		p := network.poller().open()
		c.expect("2") // after 25 s
		p.expect("2")
	})
}

// Frames of one message that never ends, each with traffic enough to satisfy nobody but itself.
func TestMessageThatNeverEndsIsAPingTimeout(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		c := network.dialOpen()
		start := time.Now()
		stop := make(chan struct{})
		go func() {
			defer close(stop)
			_, err := c.conn.Write(frame(partText, "4"))
			for err == nil {
				time.Sleep(time.Second)
				_, err = c.conn.Write(frame(part, "x"))
			}
		}()
		c.expect("2")
		c.closed()
		expectAfter(t, "close", start, 45*time.Second)
		h.expectEnd(t, PingTimeout)
		c.conn.Close()
		<-stop
	})
}

// A client that pings without end and takes its pongs keeps nothing but its own connection busy.
func TestPingFloodOfAClientThatReadsDelaysNobody(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	_, address := serve(t, h, Options{})
	flooder, bystander := dialOpen(t, address), dialOpen(t, address)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		flood := slices.Repeat(frame(finPing, "x"), 500)
		for err := error(nil); err == nil; {
			_, err = flooder.conn.Write(flood)
		}
	}()
	drained := make(chan struct{})
	go func() { defer close(drained); io.Copy(io.Discard, flooder.conn) }()
	var worst time.Duration
	for range 200 {
		start := time.Now()
		bystander.send("4a")
		bystander.expect("4a")
		worst = max(worst, time.Since(start))
	}
	t.Logf("the slowest of 200 echoes beside the flood took %v", worst)
	if worst > time.Second {
		t.Errorf("an echo took %v", worst)
	}
	flooder.conn.Close()
	<-stopped
	<-drained
	if reason := within(t, h.closed, "the end"); reason != TransportClose && reason != TransportError && reason != QueueFull {
		t.Errorf("reason %q", reason)
	}
}

// Not parallel: goroutines are counted for the whole process.
func TestAttacksLeaveNoGoroutines(t *testing.T) {
	h := &recorder{opened: make(chan *Session, 1000), closed: make(chan Reason, 1000)}
	seen := &causes{make(chan struct{}, 1000), make(chan Reason, 1000), make(chan string, 1000)}
	server, address := serve(t, h, Options{Observer: seen, CloseGrace: time.Millisecond, SendQueueBytes: 64 << 10})
	upgrade := "GET " + handshakeQuery + " HTTP/1.1\r\nHost: x\r\n" + strings.Join(upgradeLines, "\r\n") + "\r\n\r\n"
	poll := "GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	round := func() {
		for _, bytes := range []string{
			upgrade + string(frame(0xF1, "4x")), upgrade + string(header(finText, 1<<62)), upgrade + string(frame(partText, "4")),
			upgrade + string(frame(finText, "abc")), upgrade + "GET / HTTP/1.1\r\n\r\n", upgrade,
			poll, strings.Replace(poll, "polling", "__proto__", 1), strings.Replace(poll, "GET", "POST", 1),
			strings.Replace(poll, "Connection: close", "Upgrade: websocket\r\nConnection: Upgrade", 1),
			"POST /engine.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n4", "\x16\x03\x01\x02\x00\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		} {
			attack(t, address, bytes)
		}
		for _, s := range server.open() { // polling sessions know of no connection that went away
			s.Close(ForcedClose)
		}
	}
	round()
	settle := func(limit int) (n int) {
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); runtime.Gosched() {
			if n = runtime.NumGoroutine(); server.Sessions() == 0 && n <= limit {
				break
			}
		}
		return n
	}
	before := settle(1 << 30)
	for range 10 {
		round()
	}
	if after := settle(before + 5); after > before+5 { // workers that wait for more
		t.Errorf("%d goroutines, %d before", after, before)
	}
	for opened := len(seen.opened); opened > 0; opened-- {
		within(t, seen.closed, "a counted end")
	}
	if len(seen.refused) == 0 {
		t.Error("no refusal was counted")
	}
}

// open returns the sessions that are open.
func (s *Server) open() (all []*Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.sessions {
		all = append(all, session)
	}
	return all
}

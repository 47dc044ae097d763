package engineio

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestOpenPacketIsTheOfficialOneToTheByte(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		options Options
		want    string
	}{
		{Options{}, `"upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`},
		{Options{PingInterval: 300 * time.Millisecond, PingTimeout: 200 * time.Millisecond, MaxPayload: 4096},
			`"upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":4096}`},
	} {
		h := newRecorder()
		_, address := serve(t, h, test.options)
		got := dial(t, address).read()
		id := within(t, h.opened, "the session").ID()
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{20}$`).MatchString(id) {
			t.Errorf("id %q is not 20 characters of base64url", id)
		}
		if want := `0{"sid":"` + id + `",` + test.want; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// ask sends a request by hand and returns the answer; extra are further header lines.
func ask(t *testing.T, address, method, query string, extra ...string) (status int, contentType, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if len(extra) == 0 {
		extra = []string{"Connection: close"}
	}
	lines := append([]string{method + " /engine.io/" + query + " HTTP/1.1", "Host: x"}, extra...)
	fmt.Fprintf(conn, "%s\r\n\r\n", strings.Join(lines, "\r\n"))
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header.Get("Content-Type"), string(content)
}

var upgradeLines = []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}

func TestPlainRequestsAreRefusedInJSON(t *testing.T) {
	t.Parallel()
	_, address := serve(t, newRecorder(), Options{Polling: PollingOff})
	for _, test := range []struct{ name, method, query, want string }{
		{"polling", "GET", "?EIO=4&transport=polling", `{"code":0,"message":"Transport unknown"}`},
		{"no transport", "GET", "?EIO=4", `{"code":0,"message":"Transport unknown"}`},
		{"strange transport", "GET", "?EIO=4&transport=__proto__", `{"code":0,"message":"Transport unknown"}`},
		{"unknown session", "GET", "?EIO=4&transport=websocket&sid=none", `{"code":1,"message":"Session ID unknown"}`},
		{"POST handshake", "POST", "?EIO=4&transport=websocket", `{"code":2,"message":"Bad handshake method"}`},
		{"no upgrade", "GET", "?EIO=4&transport=websocket", `{"code":3,"message":"Bad request"}`},
		{"transport comes before sid", "GET", "?transport=x&sid=none", `{"code":0,"message":"Transport unknown"}`},
		{"sid comes before method and version", "POST", "?EIO=3&transport=websocket&sid=none", `{"code":1,"message":"Session ID unknown"}`},
		{"method comes before version", "POST", "?EIO=3&transport=websocket", `{"code":2,"message":"Bad handshake method"}`},
		{"upgrade comes before version", "GET", "?EIO=3&transport=websocket", `{"code":3,"message":"Bad request"}`},
	} {
		status, contentType, body := ask(t, address, test.method, test.query)
		if status != 400 || contentType != "application/json" || body != test.want {
			t.Errorf("%s: got %d %s %s, want 400 application/json %s", test.name, status, contentType, body, test.want)
		}
	}
}

func TestUpgradesAreRefusedInPlainText(t *testing.T) {
	t.Parallel()
	_, address := serve(t, newRecorder(), Options{Allow: func(r *http.Request) bool { return r.Header.Get("Origin") == "" }})
	for _, test := range []struct{ name, method, query, origin, want string }{
		{"polling", "GET", "?EIO=4&transport=polling", "", "Transport unknown"},
		{"no transport", "GET", "?EIO=4", "", "Transport unknown"},
		{"unknown session", "GET", "?EIO=4&transport=websocket&sid=none", "", "Session ID unknown"},
		{"POST", "POST", "?EIO=4&transport=websocket", "", "Bad handshake method"},
		{"forbidden", "GET", "?EIO=4&transport=websocket", "evil", "Forbidden"},
		{"forbidden comes before version", "GET", "?EIO=3&transport=websocket", "evil", "Forbidden"},
		{"EIO=3", "GET", "?EIO=3&transport=websocket", "", "Unsupported protocol version"},
		{"no EIO", "GET", "?transport=websocket", "", "Unsupported protocol version"},
	} {
		lines := upgradeLines
		if test.origin != "" {
			lines = append(lines[:len(lines):len(lines)], "Origin: "+test.origin)
		}
		status, contentType, body := ask(t, address, test.method, test.query, lines...)
		if status != 400 || contentType != "text/html" || body != test.want {
			t.Errorf("%s: got %d %s %q, want 400 text/html %q", test.name, status, contentType, body, test.want)
		}
	}
}

func TestUpgradeToAnotherProtocolIsABadRequest(t *testing.T) {
	t.Parallel()
	_, address := serve(t, newRecorder(), Options{})
	status, _, body := ask(t, address, "GET", "?EIO=4&transport=websocket",
		"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")
	if status != 400 || body != `{"code":3,"message":"Bad request"}` {
		t.Errorf("got %d %s", status, body)
	}
}

// causes is an Observer that keeps what it is told.
type causes struct {
	opened  chan struct{}
	closed  chan Reason
	refused chan string
}

func newCauses() *causes {
	return &causes{make(chan struct{}, 100), make(chan Reason, 100), make(chan string, 100)}
}

func (c *causes) SessionOpened()                { c.opened <- struct{}{} }
func (c *causes) SessionClosed(r Reason)        { c.closed <- r }
func (c *causes) HandshakeRefused(cause string) { c.refused <- cause }

func TestEveryRefusalIsCountedByItsCause(t *testing.T) {
	t.Parallel()
	seen := newCauses()
	_, address := serve(t, newRecorder(), Options{Observer: seen, Polling: PollingOff, Allow: func(r *http.Request) bool { return r.Header.Get("Origin") == "" }})
	for _, test := range []struct {
		method, query string
		lines         []string
		want          string
	}{
		{"GET", "?EIO=4&transport=polling", nil, CausePolling},
		{"GET", "?EIO=4", nil, CauseTransport},
		{"GET", "?EIO=4&transport=websocket&sid=x", nil, CauseSession},
		{"POST", "?EIO=4&transport=websocket", nil, CauseMethod},
		{"GET", "?EIO=4&transport=websocket", nil, CauseBadRequest},
		{"GET", "?EIO=4&transport=websocket", append([]string{"Origin: evil"}, upgradeLines...), CauseForbidden},
		{"GET", "?EIO=3&transport=websocket", upgradeLines, CauseVersion},
		{"GET", "?EIO=4&transport=websocket", upgradeLines[:3], CauseBadRequest}, // no key
	} {
		ask(t, address, test.method, test.query, test.lines...)
		if got := within(t, seen.refused, "the count"); got != test.want {
			t.Errorf("%s %s: cause %q, want %q", test.method, test.query, got, test.want)
		}
	}
}

func TestPlacesAreGivenBackWhenSessionsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, network := serveMemory(t, newRecorder(), Options{MaxConnections: 2})
		for range 3 {
			first, second := network.dialOpen(), network.dialOpen()
			if _, err := network.try(handshakeQuery); err == nil {
				t.Fatal("a third client was let in")
			}
			first.conn.Close()
			second.send("2") // a fault: the server closes
			second.closed()
			second.conn.Close()
			synctest.Wait()
			if n := server.Sessions(); n != 0 {
				t.Fatalf("%d sessions are left", n)
			}
		}
	})
}

func TestPlacesOfAnAddressAreGivenBackWhenItsSessionsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, network := serveMemory(t, newRecorder(), Options{
			MaxConnectionsPerIP: 1,
			ClientAddr:          func(r *http.Request) netip.Addr { return netip.MustParseAddr(r.URL.Query().Get("from")) },
		})
		for range 3 {
			here, err := network.try(handshakeQuery + "&from=192.0.2.1")
			if err != nil {
				t.Fatalf("first of its address: %v", err)
			}
			if _, err := network.try(handshakeQuery + "&from=192.0.2.1"); err == nil {
				t.Fatal("a second client of one address was let in")
			}
			there, err := network.try(handshakeQuery + "&from=192.0.2.2")
			if err != nil {
				t.Fatalf("another address: %v", err)
			}
			here.conn.Close()
			there.conn.Close()
			synctest.Wait()
		}
	})
}

func TestFailedUpgradeGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	server, address := serve(t, newRecorder(), Options{MaxConnections: 1, MaxConnectionsPerIP: 1})
	for range 3 {
		status, _, _ := ask(t, address, "GET", "?EIO=4&transport=websocket", upgradeLines[:3]...)
		if status != 400 {
			t.Fatalf("an upgrade without a key: status %d, want 400", status)
		}
		server.empty(t) // the answer is out a moment before
	}
	dialOpen(t, address)
	if n := server.Sessions(); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
}

// empty waits until no place is taken.
func (s *Server) empty(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; runtime.Gosched() {
		taken := s.options.Admission.Places()
		if taken == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d places are taken", taken)
		}
	}
}

func TestFullServerAnswers503AndWhenToComeBack(t *testing.T) {
	t.Parallel()
	_, address := serve(t, newRecorder(), Options{MaxConnections: 1})
	dialOpen(t, address)
	status, _, body := ask(t, address, "GET", "?EIO=4&transport=websocket", upgradeLines...)
	if status != 503 || body != "Service unavailable" {
		t.Errorf("got %d %q", status, body)
	}
}

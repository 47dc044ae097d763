package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
	"github.com/socketgate/socketgate/pkg/token"
)

// entrance is a gateway that is attacked, and its address.
type entrance struct {
	t    *testing.T
	app  *App
	addr string
}

func openEntrance(t *testing.T, set func(*config.Config)) *entrance {
	t.Helper()
	c := testSettings()
	c.DatabaseURL, c.AdminAddr = "none", "127.0.0.1:0"
	set(&c)
	a, _ := start(t, c)
	return &entrance{t, a, a.Addr().String()}
}

// from dials from one of this machine's many addresses.
func (e *entrance) from(ip string) net.Conn {
	e.t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}, Timeout: patience}
	conn, err := dialer.Dial("tcp", e.addr)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute))
	return conn
}

func (e *entrance) mint(user string) string {
	e.t.Helper()
	tok, err := token.Mint([]byte(testSecret), user, user, time.Hour)
	if err != nil {
		e.t.Fatal(err)
	}
	return tok
}

// enter comes by WebSocket from ip with these headers, and logs in with auth. It returns the answer to CONNECT, or the error that
// there was before.
func (e *entrance) enter(ip, auth string, headers http.Header) (string, error) {
	dialer := engineclient.Dialer{
		Header:  headers,
		NetDial: func(context.Context, string, string) (net.Conn, error) { return e.from(ip), nil },
	}
	conn, err := dialer.Dial(e.t.Context(), "ws://"+e.addr+"/socket.io/?"+engineclient.Query)
	if err != nil {
		return "", err
	}
	if err := conn.Say("40" + auth); err != nil {
		return "", err
	}
	return conn.Await("40")
}

func (e *entrance) mustEnter(ip, auth string, headers http.Header) {
	e.t.Helper()
	if _, err := e.enter(ip, auth, headers); err != nil {
		e.t.Errorf("an honest client did not get in from %s: %v", ip, err)
	}
}

func (e *entrance) auth(user string) string { return `{"token":"` + e.mint(user) + `"}` }

func (e *entrance) cookie(user string) http.Header {
	return http.Header{"Cookie": {"token=" + e.mint(user)}}
}

// counted checks that refusals of this cause are in the metrics.
func (e *entrance) counted(cause string) {
	e.t.Helper()
	_, metrics := get(e.t, e.app.servers[1].listener.Addr().String(), "/metrics")
	if !strings.Contains(metrics, fmt.Sprintf("socketgate_handshakes_refused_total{cause=%q}", cause)) {
		e.t.Errorf("nothing was counted as %q", cause)
	}
}

// fewOpen waits until the gateway has closed all of these but 10, at least one: each has its place by then, or none.
func fewOpen(t *testing.T, conns []net.Conn) {
	t.Helper()
	n := len(conns)
	for deadline := time.Now().Add(patience); n > 10 && time.Now().Before(deadline); {
		n = stillOpen(conns)
	}
	if n > 10 || n == 0 {
		t.Errorf("%d of one address are open, want 10", n)
	}
}

// stillOpen counts those that the gateway has not closed. All have been told whatever they are told.
func stillOpen(conns []net.Conn) (n int) {
	for _, conn := range conns {
		conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
			n++
		}
	}
	return n
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func TestConnectionsThatBringNoWholeRequestHaveFewPlaces(t *testing.T) {
	t.Parallel()
	for name, bytes := range map[string]string{
		"silence":          "",
		"half a header":    "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nCookie: tok",
		"a stuck body":     "POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n4",
		"a stuck stranger": "POST /anything HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n4",
		"kept for later":   "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := openEntrance(t, func(c *config.Config) {
				c.MaxPending, c.MaxPendingPerIP, c.TrustedProxies = 40, 10, nil
			})
			var conns []net.Conn
			for range 30 {
				conn := e.from("127.0.0.2")
				io.WriteString(conn, bytes)
				conns = append(conns, conn)
			}
			fewOpen(t, conns)
			e.mustEnter("127.0.0.3", e.auth("ann"), nil)
			e.counted("max arrivals per ip")
			for _, conn := range conns {
				conn.Close()
			}
			e.nobodyArrives()
			e.mustEnter("127.0.0.2", e.auth("bob"), nil)
		})
	}
}

func TestWhoIsBehindTheAddressOfConnectionsWithoutARequestGetsInBesideThem(t *testing.T) {
	t.Parallel()
	for name, bytes := range map[string]string{"silence": "", "half a header": "GET /socket.io/?EIO=4&transport=web"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := openEntrance(t, func(c *config.Config) { c.MaxPending, c.MaxPendingPerIP, c.TrustedProxies = 40, 10, nil })
			var conns []net.Conn
			for range 30 {
				conn := e.from("127.0.0.2")
				io.WriteString(conn, bytes)
				conns = append(conns, conn)
			}
			fewOpen(t, conns)
			e.mustEnter("127.0.0.2", "", e.cookie("ann"))
			e.mustEnter("127.0.0.2", e.auth("bob"), nil)
			e.counted("max arrivals per ip")
		})
	}
}

// nobodyArrives waits until no connection is counted at the door.
func (e *entrance) nobodyArrives() {
	e.t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(patience); e.app.sockets.admission.Arrivals() > 0; <-look.C {
		if time.Now().After(deadline) {
			e.t.Fatalf("%d are counted at the door", e.app.sockets.admission.Arrivals())
		}
	}
}

func TestABodyThatIsStuckInAProxyCountsForItsSender(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, func(c *config.Config) { c.MaxPending, c.MaxPendingPerIP = 40, 5 })
	post := "POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nX-Forwarded-For: %s\r\n\r\n4"
	refused := 0
	var conns []net.Conn
	for range 12 {
		conn := e.from("127.0.0.1")
		fmt.Fprintf(conn, post, "203.0.113.7")
		conns = append(conns, conn)
	}
	for _, conn := range conns {
		conn.SetReadDeadline(time.Now().Add(time.Second))
		if got, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil && got.StatusCode == http.StatusServiceUnavailable {
			refused++
		}
	}
	if refused != 7 {
		t.Errorf("%d of 12 were refused, want 7", refused)
	}
	e.counted("max arrivals per ip")
	e.mustEnter("127.0.0.1", e.auth("ann"), http.Header{"X-Forwarded-For": {"203.0.113.8"}})
}

// handshakes asks for n sessions of long-polling over one connection and returns how many there were.
func (e *entrance) handshakes(ip string, n int, headers string) (sessions int) {
	e.t.Helper()
	conn := e.from(ip)
	defer conn.Close()
	go func() {
		ask := strings.Repeat("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n"+headers+"\r\n", 100)
		for range n / 100 {
			if _, err := io.WriteString(conn, ask); err != nil {
				return
			}
		}
	}()
	answers := bufio.NewReader(conn)
	for i := range n {
		got, err := http.ReadResponse(answers, nil)
		if err != nil {
			e.t.Fatalf("answer %d: %v", i, err)
		}
		io.Copy(io.Discard, got.Body)
		switch got.StatusCode {
		case http.StatusOK:
			sessions++
		case http.StatusServiceUnavailable:
		default:
			e.t.Fatalf("answered %d", got.StatusCode)
		}
	}
	return sessions
}

func TestAnOfficeOfFiveHundredBehindOneAddressGetsIn(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*config.Config){
		"as it comes":      func(*config.Config) {},
		"no proxy":         func(c *config.Config) { c.TrustedProxies = nil },
		"beside attackers": func(c *config.Config) { c.MaxPendingPerIP = 10 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := openEntrance(t, set)
			office := http.Header{"X-Forwarded-For": {"198.51.100.1"}}
			if name == "beside attackers" {
				e.handshakes("127.0.0.1", 100, "X-Forwarded-For: 198.51.100.1\r\n")
			}
			var in atomic.Int32
			var all sync.WaitGroup
			for i := range 500 {
				user := fmt.Sprint("user", i)
				headers, auth := e.cookie(user), ""
				headers.Set("X-Forwarded-For", office.Get("X-Forwarded-For"))
				if i%2 == 1 && name != "beside attackers" { // a token in auth is known later
					headers, auth = office, e.auth(user)
				}
				all.Go(func() {
					if _, err := e.enter("127.0.0.1", auth, headers); err == nil {
						in.Add(1)
					}
				})
			}
			all.Wait()
			if in.Load() != 500 {
				t.Errorf("%d of 500 got in", in.Load())
			}
		})
	}
}

func TestNeitherANetworkNorAnOldProtocolNorAMadeUpHopEscapesTheLimits(t *testing.T) {
	t.Parallel()
	for name, hop := range map[string]string{
		"IPv6 /64":            "2001:db8:1:2::%x",
		"made-up hop":         "192.0.2.%d, 10.0.0.5",
		"IPv4 in two forms":   "::ffff:192.0.2.1",
		"made-up hop of IPv6": "2001:db8:%x::1, fd00::5",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := openEntrance(t, func(c *config.Config) { c.MaxConnectionsPerIP, c.AllowEIO3 = 3, true })
			let := 0
			for i := range 40 {
				forwarded := hop
				if strings.Contains(hop, "%") {
					forwarded = fmt.Sprintf(hop, i+1)
				}
				user := fmt.Sprint("user", i)
				query := "EIO=4"
				if i%2 == 0 {
					query = "EIO=3&token=" + e.mint(user)
				}
				r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+e.addr+"/socket.io/?transport=polling&"+query, nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("X-Forwarded-For", forwarded)
				r.Header.Set("Cookie", "token="+e.mint(user))
				got, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				got.Body.Close()
				if got.StatusCode == 200 {
					let++
				}
			}
			if let != 3 {
				t.Errorf("%d of 40 got in, want 3", let)
			}
		})
	}
}

func TestOneUserHasNoMoreConnectionsThanOneMayHave(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, func(c *config.Config) { c.MaxConnectionsPerUser = 5 })
	in := 0
	for i := range 20 {
		auth, headers := e.auth("eve"), http.Header{"X-Forwarded-For": {fmt.Sprintf("203.0.113.%d", i)}}
		if i%2 == 0 {
			auth, headers = "", e.cookie("eve")
		}
		if _, err := e.enter("127.0.0.1", auth, headers); err == nil {
			in++
		}
	}
	if in != 5 {
		t.Errorf("%d got in, want 5", in)
	}
	e.counted("max connections per user")
	e.mustEnter("127.0.0.1", e.auth("ann"), nil)
}

// A foreign page has its visitors' browsers ask for a picture of the gateway.
func TestAForeignPagesPictureTakesNoneOfItsVisitorsPlaces(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, func(*config.Config) {})
	for i, headers := range []string{
		"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n",
		"Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: empty\r\n",
	} {
		conn := e.from("127.0.0.1")
		fmt.Fprintf(conn, "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: token=%s\r\n%s\r\n", e.mint("ann"), headers)
		var status string
		fmt.Fscanln(conn, new(string), &status)
		if status != fmt.Sprint(http.StatusForbidden) {
			t.Errorf("%d: answered %s", i, status)
		}
	}
	if n := e.app.sockets.admission.Places(); n != 0 {
		t.Errorf("%d places are taken", n)
	}
}

package engineio

import (
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"
)

// All who come by a proxy waited for each other's handshakes.
func TestClientsOfAProxyTakeTheTurnsOfTheirOwnAddresses(t *testing.T) {
	t.Parallel()
	client := func(r *http.Request) netip.Addr { return netip.MustParseAddr(r.Header.Get("X-Forwarded-For")) }
	e := openEntrance(t, true, Options{MaxPending: 8, PendingPayload: 1000, CountedAddr: client},
		DoorOptions{Proxied: func(any) bool { return true }})
	d := e.web.Listener.(*Door)
	said := strings.Replace(upgradeRequest(handshakeQuery), "\r\n", "\r\nX-Forwarded-For: 192.0.2.1\r\n", 1)
	want := crowdOf(networkOf(netip.MustParseAddr("192.0.2.1")))
	for name, accepting := range map[string]bool{"as it is accepted": true, "later": false} {
		_, conn := connected(t)
		mark, _ := d.options.Arrive(conn)
		a := &arrival{door: d, mark: mark, proxied: true, accepting: accepting}
		d.admit(a, conn)
		a.Received([]byte(said))
		if got := a.conn.Crowd(); got != want || e.Sessions() != 0 {
			t.Errorf("%s: it waits among %x, and there are %d sessions", name, got, e.Sessions())
		}
		a.conn.Start()
		within(t, e.causes.opened, "the session")
		e.cutAll()
	}
}

// Whoever is a proxy's neighbour, or has no header, waits for one turn and not for two.
func TestWhoSpeaksForItselfOverAProxysAddressIsServedAtOnce(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, true, Options{MaxPending: 8, PendingPayload: 1000}, DoorOptions{Proxied: func(any) bool { return true }})
	d := e.web.Listener.(*Door)
	_, conn := connected(t)
	mark, _ := d.options.Arrive(conn)
	a := &arrival{door: d, mark: mark, proxied: true}
	d.admit(a, conn)
	a.Received([]byte(upgradeRequest(handshakeQuery)))
	if e.Sessions() != 1 {
		t.Error("it waits for another turn")
	}
	a.conn.Start()
	e.cutAll()
}

// connected returns both sides of a TCP connection.
func connected(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// cutAll ends all sessions, and waits until they have departed and are forgotten.
func (e *entrance) cutAll() {
	e.t.Helper()
	for _, s := range e.all() {
		s.end(ForcedClose)
	}
	e.settles(0)
	for deadline := time.Now().Add(patience); e.Sessions() != 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			e.t.Fatalf("%d sessions are not forgotten", e.Sessions())
		}
	}
}

func (e *entrance) all() (sessions []*Session) {
	e.Server.mu.Lock()
	defer e.Server.mu.Unlock()
	for _, s := range e.sessions {
		sessions = append(sessions, s)
	}
	return sessions
}

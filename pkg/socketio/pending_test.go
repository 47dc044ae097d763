package socketio

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

func TestBeforeItsFirstNamespaceAClientMayOnlyConnect(t *testing.T) {
	t.Parallel()
	for name, packet := range map[string]string{
		"event":                  `2["a"]`,
		"event elsewhere":        `2/none,["a"]`,
		"binary event":           `51-["a",{"_placeholder":true,"num":0}]`,
		"binary event elsewhere": `510-/none,["a",{"_placeholder":true,"num":0}]`,
		"ack":                    `31[]`,
		"binary ack":             `61-1[{"_placeholder":true,"num":0}]`,
		"CONNECT_ERROR":          `4{"message":"no"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := serve(t, Options{}, func(s *Server) {
				s.Of("/").Use(func(*Socket, *Handshake) error { return errors.New("nobody") })
			})
			c := m.dial()
			c.say("0") // refused: it is as if it had said nothing
			c.hear()
			c.say(packet)
			c.expectClosed()
			m.expectEnd(engineio.ForcedClose)
		})
	}
}

// A login that waits for a database has ConnectTimeout; only the asking has to come sooner.
func TestASlowLoginIsNotTakenForASilentClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := serve(t, Options{PendingTimeout: 10 * time.Second}, func(s *Server) {
			s.Of("/").Use(func(*Socket, *Handshake) error { time.Sleep(20 * time.Second); return nil })
		})
		c := m.dial()
		start := time.Now()
		c.join("/")
		if took := time.Since(start); took < 20*time.Second {
			t.Errorf("joined after %v", took)
		}
		c.hold(30 * time.Second)
		if n := m.server.Connections(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

func TestWhoDoesNotAskInTimeIsLetGo(t *testing.T) {
	t.Parallel()
	for name, packets := range map[string][]string{
		"says nothing": nil, "asks for what is not there": {"0/none,"}, "was refused": {"0/closed,"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectEndAfter(t, 10*time.Second, Options{PendingTimeout: 10 * time.Second}, packets)
		})
	}
}

// named is a middleware that has the connection count for the user whom auth names.
func named(_ *Socket, h *Handshake) error {
	h.User = strings.Trim(string(h.Auth), `{"a:}`)
	return nil
}

func TestAUsersConnectionTooManyIsToldSoAndTheOthersStay(t *testing.T) {
	t.Parallel()
	m := serve(t, Options{Engine: engineio.Options{MaxConnectionsPerUser: 2, MaxPending: 100}}, func(s *Server) {
		s.Of("/").Use(named)
		s.Of("/other").Use(named)
	})
	enter := func(user string) (*client, string) {
		c := m.dial()
		c.say(`0{"a":"` + user + `"}`)
		return c, c.hear()
	}
	first, _ := enter("eve")
	first.say(`0/other,{"a":"eve"}`) // the same connection
	first.hear()
	enter("eve")
	third, answer := enter("eve")
	if answer != `4{"message":"Too many connections","data":{"code":"too_many_connections"}}` {
		t.Errorf("the third was told %s", answer)
	}
	third.expectClosed()
	m.expectEnd(Refused)
	if _, answer := enter("ann"); !strings.HasPrefix(answer, "0{") {
		t.Errorf("another user was told %s", answer)
	}
	first.conn.Close()
	m.expectEnd(engineio.TransportClose)
	if _, answer := enter("eve"); !strings.HasPrefix(answer, "0{") {
		t.Errorf("after one has left: %s", answer)
	}
}

func TestWhoLogsInWhenAllPlacesAreTakenComesBack(t *testing.T) {
	t.Parallel()
	m := serve(t, Options{Engine: engineio.Options{MaxConnections: 1, MaxPending: 100}}, func(s *Server) { s.Of("/") })
	first, second := m.dial(), m.dial()
	first.join("/")
	second.say("0")
	second.expectClosed() // without a CONNECT_ERROR, after which a client would stay away
	m.expectEnd(NoPlace)
	first.expectAlive()
}

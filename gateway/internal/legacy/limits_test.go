package legacy

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
)

func TestLimitsCountConnections(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr("192.0.2.1")
	s := serve(t, engineio.Options{MaxConnections: 2, MaxConnectionsPerIP: 1, ClientAddr: func(*http.Request) netip.Addr { return addr }})
	c := s.connect()
	if status, _ := s.do("GET", polls, ""); status != 503 {
		t.Errorf("a second one from the same address was answered %d", status)
	}
	c.Close()
	s.expectEnd(engineio.TransportClose)
	s.poller()
	s.server.Drain()
	if status, _ := s.do("GET", polls, ""); status != 503 {
		t.Errorf("while draining it was answered %d", status)
	}
}

func TestOldAndNewClientsAreCountedTogether(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]engineio.Limits{
		"all":        {Connections: 1},
		"an address": {ConnectionsPerIP: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := netip.MustParseAddr("192.0.2.1")
			admission := engineio.NewAdmission(limits)
			s := serve(t, engineio.Options{Admission: admission, ClientAddr: func(*http.Request) netip.Addr { return addr }})
			current := func() int {
				answer := httptest.NewRecorder()
				s.sockets.ServeHTTP(answer, httptest.NewRequest("GET", "/socket.io/?EIO=4&transport=polling", nil))
				return answer.Code
			}
			old := s.connect()
			if status := current(); status != 503 {
				t.Errorf("a current client beside an old one was answered %d", status)
			}
			old.Close()
			s.expectEnd(engineio.TransportClose)
			if status := current(); status != 200 {
				t.Fatalf("a current client was answered %d when the old one had gone", status)
			}
			if status, _ := s.do("GET", polls, ""); status != 503 {
				t.Errorf("an old client beside a current one was answered %d", status)
			}
			if n := admission.Places(); n != 1 {
				t.Errorf("%d places are taken, want 1", n)
			}
		})
	}
}

func TestAStolenSidSpeaksForNobody(t *testing.T) {
	t.Parallel()
	s := serve(t, engineio.Options{Identify: func(r *http.Request) engineio.Identity {
		cookie, err := r.Cookie("token")
		if err != nil {
			return engineio.Identity{}
		}
		return engineio.Identity{User: cookie.Value}
	}})
	ask := func(method, query, cookie string) (int, string) {
		r := httptest.NewRequest(method, "/socket.io/?"+query, strings.NewReader(`15:42["echo",1234]`))
		r.Header.Set("Content-Type", "text/plain;charset=UTF-8")
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		answer := httptest.NewRecorder()
		s.server.ServeHTTP(answer, r)
		return answer.Code, answer.Body.String()
	}
	_, open := ask("GET", polls, "token=ann")
	mine := polls + "&sid=" + openPacket.FindStringSubmatch(open)[1]
	for _, cookie := range []string{"", "token=eve", "other=ann"} {
		for _, method := range []string{"GET", "POST"} {
			if status, body := ask(method, mine, cookie); status != http.StatusForbidden {
				t.Errorf("%s with cookie %q: answered %d %s", method, cookie, status, body)
			}
			select {
			case cause := <-s.refused:
				if cause != engineio.CauseIdentity {
					t.Errorf("counted as %q", cause)
				}
			default:
				t.Error("not counted")
			}
		}
	}
	if status, body := ask("GET", mine, "token=ann; theme=dark"); status != 200 || body != "2:40" {
		t.Errorf("her own request was answered %d %q", status, body)
	}
}

func TestWhoGetsNoConnectionIsCounted(t *testing.T) {
	t.Parallel()
	s := serve(t, engineio.Options{})
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-s.refused:
			if got != want {
				t.Errorf("counted as %q, want %q", got, want)
			}
		default:
			t.Errorf("nothing counted, want %q", want)
		}
	}
	broken := httptest.NewRequest("GET", "/socket.io/?"+byWebSocket, nil)
	broken.Header.Set("Upgrade", "websocket") // and nothing else that a WebSocket needs
	s.server.ServeHTTP(httptest.NewRecorder(), broken)
	expect(engineio.CauseBadRequest)
	s.server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/socket.io/?EIO=3&transport=polling&sid=ended", nil))
	expect(engineio.CauseSession)
	s.server.Drain()
	s.do("GET", polls, "")
	expect(engineio.CauseDraining)
}

package legacy

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
	"github.com/socketgate/socketgate/pkg/socketio"
)

const patience = 10 * time.Second

// service is a server on a port of the loopback, with how its clients ended.
type service struct {
	t       testing.TB
	server  *Server
	sockets *socketio.Server
	root    *socketio.Namespace
	web     *httptest.Server
	http    *http.Client
	ended   chan engineio.Reason

	refused chan string
}

func (s *service) SessionOpened()                  {}
func (s *service) SessionClosed(r engineio.Reason) { s.ended <- r }
func (s *service) HandshakeRefused(cause string)   { s.refused <- cause }

// serve starts a server that the test's end shuts down. Its root answers "echo" and joins "lobby".
func serve(t testing.TB, o engineio.Options, middlewares ...func(*socketio.Socket, *socketio.Handshake) error) *service {
	t.Helper()
	s := &service{t: t, ended: make(chan engineio.Reason, 1000), refused: make(chan string, 1000), http: &http.Client{Timeout: patience, Transport: &http.Transport{}}}
	log := slog.New(slog.DiscardHandler)
	sockets := socketio.NewServer(socketio.Options{Engine: o, Logger: log})
	s.sockets, s.root = sockets, sockets.Of("/")
	for _, m := range middlewares {
		s.root.Use(m)
	}
	s.root.OnConnect(func(s *socketio.Socket) { s.Join("lobby") })
	s.root.On("echo", func(socket *socketio.Socket, e *socketio.Event) { socket.Emit("echoed", e.Args[0]) })
	o.Observer = s
	s.server = New(Options{Sockets: sockets, Engine: o, Logger: log})
	s.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.server.Takes(r) {
			s.server.ServeHTTP(w, r)
			return
		}
		http.Error(w, "not taken", http.StatusTeapot)
	}))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		sockets.Shutdown(ctx)
		s.http.CloseIdleConnections()
		s.web.Close()
	})
	return s
}

// do answers a request's status and body.
func (s *service) do(method, query, body string) (int, string) {
	s.t.Helper()
	return s.sends(method, query, body, "text/plain;charset=UTF-8")
}

func (s *service) sends(method, query, body, kind string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.web.URL+"/socket.io/?"+query, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	res, err := s.http.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := engineclient.ReadAnswer(res, 1<<20)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.Status, answer.Body
}

const polls = "EIO=3&transport=polling&b64=1"

var openPacket = regexp.MustCompile(`^\d+:0\{"sid":"([\w-]{20})","upgrades":\["websocket"\],`)

// poller begins a session by polling, and answers the query of its further requests.
func (s *service) poller() (query string) {
	s.t.Helper()
	status, body := s.do("GET", polls, "")
	sid := openPacket.FindStringSubmatch(body)
	if status != 200 || sid == nil {
		s.t.Fatalf("handshake answered %d %q", status, body)
	}
	if _, body := s.do("GET", polls+"&sid="+sid[1], ""); body != "2:40" {
		s.t.Fatalf("the first poll brought %q", body)
	}
	return polls + "&sid=" + sid[1]
}

// webSocket is a client that says exactly what it is told.
type webSocket struct {
	*engineclient.Conn
	t testing.TB
}

// dial opens a WebSocket, for a session that polls or a new one.
func (s *service) dial(query string) *webSocket {
	s.t.Helper()
	c, err := s.try(query)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// try is dial for handshakes that may be refused.
func (s *service) try(query string) (*webSocket, error) {
	dialer := engineclient.Dialer{Step: patience}
	conn, err := dialer.Dial(s.t.Context(), strings.Replace(s.web.URL, "http", "ws", 1)+"/socket.io/?"+query)
	if err != nil {
		return nil, err
	}
	s.t.Cleanup(func() { conn.Close() })
	return &webSocket{conn, s.t}, nil
}

const byWebSocket = "EIO=3&transport=websocket"

// connect is dial for a new session, past its first packets.
func (s *service) connect() *webSocket {
	s.t.Helper()
	c := s.dial(byWebSocket)
	if open := c.hear(); !strings.HasPrefix(open, "0{") {
		s.t.Fatalf("the first packet is %q", open)
	}
	c.expect("40")
	return c
}

func (c *webSocket) say(packet string) {
	c.t.Helper()
	if err := c.Say(packet); err != nil {
		c.t.Fatal(err)
	}
}

func (c *webSocket) hear() string {
	c.t.Helper()
	packet, err := c.Packet()
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.TrimSuffix(packet, "\n")
}

func (c *webSocket) expect(want string) {
	c.t.Helper()
	if got := c.hear(); got != want {
		c.t.Fatalf("heard %q, want %q", got, want)
	}
}

func (c *webSocket) expectClosed() {
	c.t.Helper()
	c.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, c); err != nil {
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
			c.t.Fatal("still open")
		}
	}
}

func (s *service) expectEnd(want engineio.Reason) {
	s.t.Helper()
	select {
	case got := <-s.ended:
		if got != want {
			s.t.Fatalf("ended for %q, want %q", got, want)
		}
	case <-time.After(patience):
		s.t.Fatalf("did not end; want %q", want)
	}
}

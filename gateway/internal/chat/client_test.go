package chat

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/rawjson"
	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

const (
	patience = 10 * time.Second
	secret   = "a secret that is long enough for tests"
)

// memory is a Store whose commits the test decides.
type memory struct {
	mu     sync.Mutex
	saved  []message.Draft
	fail   error // what Save answers
	barred error // what MayJoin answers
	guests map[string]bool
}

func (s *memory) Save(d message.Draft, done func(message.Stored, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		done(message.Stored{}, s.fail)
		return
	}
	s.saved = append(s.saved, d)
	done(message.Stored{
		ID: rawjson.Quote("m1"), Room: rawjson.Quote(d.Room), User: rawjson.Quote(d.User),
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC),
	}, nil)
}

func (s *memory) MayJoin(_ context.Context, _, user string) (bool, error) {
	return s.guests == nil || s.guests[user], s.barred
}

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// tally is an Observer.
type tally struct {
	mu     sync.Mutex
	events map[string]int
	closed chan engineio.Reason
}

func (c *tally) Event(name, outcome string) { c.count(name + " " + outcome) }

func (c *tally) AuthenticationRefused(reason string) { c.count("refused " + reason) }

func (c *tally) Limited(limit, of string) { c.count("limited " + limit + " of " + of) }

func (c *tally) ListTold(bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events["list bytes"] += bytes
}

func (c *tally) ListDelayed(reason string) { c.count("delayed " + reason) }

func (c *tally) SessionOpened() {}

func (c *tally) SessionClosed(reason engineio.Reason) { c.closed <- reason }

func (c *tally) HandshakeRefused(string) {}

func (c *tally) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events[what]++
}

func (c *tally) of(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.events[what]
}

// host is a chat on a port.
type host struct {
	t       *testing.T
	address string
	tally   *tally
	chat    *Chat
}

func serve(t *testing.T, store Store, change func(*Options)) *host {
	t.Helper()
	authenticator, err := token.NewAuthenticator(token.Options{Cookie: "token", Secrets: [][]byte{[]byte(secret)}})
	if err != nil {
		t.Fatal(err)
	}
	h := &host{t: t, tally: &tally{events: make(map[string]int), closed: make(chan engineio.Reason, 100)}}
	o := Options{
		Authenticator: authenticator,
		JoinEvents:    []string{"join_room"}, LeaveEvents: []string{"leave_room"}, SendEvents: []string{"send_message"},
		MessageEvent: "receive_message", MembersEvent: "room_members", MembersShape: contract.ShapeArray,
		Observer: h.tally, Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	server := socketio.NewServer(socketio.Options{
		Logger: o.Logger, Engine: engineio.Options{Observer: h.tally, PingInterval: time.Second},
	})
	chat := New(server.Of("/"), store, o)
	h.chat = chat
	web := httptest.NewServer(server)
	h.address = strings.TrimPrefix(web.URL, "http://")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		chat.Close()
		web.Close()
	})
	return h
}

// visitor is a Socket.IO client.
type visitor struct {
	t      *testing.T
	conn   net.Conn
	reader *bufio.Reader
}

// visit connects with a token and reads up to the CONNECT reply.
func (h *host) visit(userID string, ttl time.Duration) *visitor {
	h.t.Helper()
	tok, err := token.Mint([]byte(secret), userID, "Name of "+userID, ttl)
	if err != nil {
		h.t.Fatal(err)
	}
	v := h.dial(`{"token":"` + tok + `"}`)
	v.await("0{")
	v.await(`40{"sid":"`)
	return v
}

func (h *host) dial(auth string) *visitor {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, early, _, err := ws.Dial(ctx, "ws://"+h.address+"/socket.io/?EIO=4&transport=websocket")
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	v := &visitor{h.t, conn, early}
	if early == nil {
		v.reader = bufio.NewReader(conn)
	}
	v.say("40" + auth)
	return v
}

func (v *visitor) say(packet string) {
	v.t.Helper()
	if err := wsutil.WriteClientText(v.conn, []byte(packet)); err != nil {
		v.t.Fatal(err)
	}
}

// await skips packets until one starts with prefix.
func (v *visitor) await(prefix string) string {
	v.t.Helper()
	for {
		packet, err := v.next()
		if err != nil {
			v.t.Fatalf("waiting for %q: %v", prefix, err)
		}
		if strings.HasPrefix(packet, prefix) {
			return packet
		}
	}
}

// ask emits an event with an ack and returns the answer.
func (v *visitor) ask(event, payload string) map[string]any {
	v.t.Helper()
	v.say(`421["` + event + `",` + payload + `]`)
	var args []map[string]any
	reply := strings.TrimPrefix(v.await("431"), "431")
	if err := json.Unmarshal([]byte(reply), &args); err != nil || len(args) != 1 {
		v.t.Fatalf("ack %q: %v", reply, err)
	}
	return args[0]
}

// askEach asks for one event after the other, and for nothing.
func (v *visitor) askEach(events ...string) {
	v.t.Helper()
	for _, event := range events {
		v.ask(event, "1")
	}
}

var errGone = errors.New("closed by the server")

func (v *visitor) next() (string, error) {
	header, err := ws.ReadHeader(v.reader)
	if err != nil {
		return "", errGone
	}
	payload := make([]byte, header.Length)
	if _, err := io.ReadFull(v.reader, payload); err != nil || header.OpCode == ws.OpClose {
		return "", errGone
	}
	return string(payload), nil
}

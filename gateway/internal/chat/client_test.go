package chat

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
	"github.com/socketgate/socketgate/pkg/rawjson"
	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

const (
	patience = 10 * time.Second
	lifetime = time.Minute // of a visitor, who may wait more than once
	secret   = "a secret that is long enough for tests"
)

// memory is a Store whose commits the test decides.
type memory struct {
	mu     sync.Mutex
	saved  []message.Draft
	fail   error // what Save answers
	barred error // what MayJoin and MayStay answer
	guests map[string]bool

	slow    bool // Save waits for commit
	waiting []func(error)
	asked   []message.Seat // of MayStay, all times
	most    int            // that it was asked at once
}

func (s *memory) Save(d message.Draft, done func(message.Stored, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		done(message.Stored{}, s.fail)
		return
	}
	s.saved = append(s.saved, d)
	if s.slow {
		s.waiting = append(s.waiting, func(err error) { done(stored(d), err) })
		return
	}
	done(stored(d), nil)
}

func stored(d message.Draft) message.Stored {
	row := message.Stored{ID: rawjson.Quote("m1"), Room: rawjson.Quote(d.Room), User: rawjson.Quote(d.User),
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)}
	if d.Receiver != "" {
		row.Room, row.Receiver = nil, rawjson.Quote(d.Receiver)
	}
	return row
}

// commit answers what waits, with that error or none, and makes Save answer at once.
func (s *memory) commit(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, done := range s.waiting {
		done(err)
	}
	s.slow, s.waiting = false, nil
}

// texts are those of the messages saved.
func (s *memory) texts() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.saved {
		list = append(list, d.Text)
	}
	return list
}

func (s *memory) MayJoin(_ context.Context, _, user string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.guests == nil || s.guests[user], s.barred
}

func (s *memory) MayStay(_ context.Context, seats []message.Seat) (may []bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked, s.most = append(s.asked, seats...), max(s.most, len(seats))
	if s.barred != nil {
		return nil, s.barred
	}
	for _, seat := range seats {
		may = append(may, s.guests == nil || s.guests[seat.User])
	}
	return may, nil
}

// set changes what the store answers.
func (s *memory) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// tally is an Observer.
type tally struct {
	mu     sync.Mutex
	events map[string]int
	closed chan engineio.Reason
}

func (c *tally) Event(name, outcome string) { c.count(name + " " + outcome) }

func (c *tally) AuthenticationRefused(reason string) { c.count("refused " + reason) }

func (c *tally) ResendsForgotten(messages int) { c.count("forgotten") }
func (c *tally) Rechecked(what, outcome string, n int) {
	for range n {
		c.count("recheck " + what + " " + outcome)
	}
}

func (c *tally) Limited(limit, of string) { c.count("limited " + limit + " of " + of) }

func (c *tally) History(outcome string) { c.count("history " + outcome) }

func (c *tally) ListTold(bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events["list bytes"] += bytes
}

func (c *tally) ListDelayed(reason string) { c.count("delayed " + reason) }

func (c *tally) Recovered(source string, _ int) { c.count("recovered from " + source) }
func (c *tally) NotRecovered(reason string)     { c.count("not recovered: " + reason) }

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

// maxConnectionsOfUser is more than a test opens that is about something else, and few enough to be opened before the first has
// missed its pings.
const maxConnectionsOfUser = 50

func serve(t *testing.T, store Store, change func(*Options)) *host {
	t.Helper()
	authenticator, err := token.NewAuthenticator(token.Options{Cookie: "token", Secrets: [][]byte{[]byte(secret)}})
	if err != nil {
		t.Fatal(err)
	}
	h := &host{t: t, tally: &tally{events: make(map[string]int), closed: make(chan engineio.Reason, 1000)}}
	o := Options{
		Authenticator: authenticator,
		JoinEvents:    []string{"join_room"}, LeaveEvents: []string{"leave_room"}, SendEvents: []string{"send_message"},
		MessageEvent: "receive_message", MembersEvent: "room_members", MembersShape: contract.ShapeArray,
		Observer: h.tally, Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	options := socketio.Options{
		Logger: o.Logger, Engine: engineio.Options{Observer: h.tally, PingInterval: time.Second, MaxConnectionsPerUser: maxConnectionsOfUser},
	}
	if o.Recovers {
		options.Recovery = &socketio.Recovery{Observer: h.tally}
	}
	if o.Log != nil {
		options.Recovery.Log = o.Log
	}
	server := socketio.NewServer(options)
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
	*engineclient.Conn
	t       *testing.T
	session string // the reply to its CONNECT
}

// visit connects with a token and reads up to the CONNECT reply.
func (h *host) visit(userID string, ttl time.Duration) *visitor {
	h.t.Helper()
	return h.enter(h.mint(userID, ttl))
}

func (h *host) mint(userID string, ttl time.Duration) string {
	h.t.Helper()
	tok, err := token.Mint([]byte(secret), userID, "Name of "+userID, ttl)
	if err != nil {
		h.t.Fatal(err)
	}
	return tok
}

// enter is visit with a token.
func (h *host) enter(tok string) *visitor {
	h.t.Helper()
	v := h.dial(`{"token":"` + tok + `"}`)
	v.await("0{")
	v.session = v.await(`40{"sid":"`)
	return v
}

// returns has a client come back that has heard up to an offset, or nothing.
func (h *host) returns(v *visitor, userID, offset string) *visitor {
	h.t.Helper()
	var session struct{ Pid string }
	if err := json.Unmarshal([]byte(v.session[2:]), &session); err != nil {
		h.t.Fatal(err)
	}
	tok := h.mint(userID, time.Hour)
	if offset != "" {
		offset = `","offset":"` + offset
	}
	again := h.dial(`{"token":"` + tok + `","pid":"` + session.Pid + offset + `"}`)
	again.await("0{")
	again.session = again.await(`40{"sid":"`)
	return again
}

func (h *host) dial(auth string) *visitor {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := engineclient.Dialer{}.Dial(ctx, "ws://"+h.address+"/socket.io/?"+engineclient.Query)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(lifetime))
	v := &visitor{Conn: conn, t: h.t}
	v.say("40" + auth)
	return v
}

func (v *visitor) say(packet string) {
	v.t.Helper()
	if err := v.Say(packet); err != nil {
		v.t.Fatal(err)
	}
}

// await skips packets until one starts with prefix.
func (v *visitor) await(prefix string) string {
	v.t.Helper()
	packet, err := v.Await(prefix)
	if err != nil {
		v.t.Fatalf("waiting for %q: %v", prefix, err)
	}
	return packet
}

// count reads up to a packet that starts with end, and counts those before it that hold text.
func (v *visitor) count(text, end string) (n int) {
	v.t.Helper()
	for {
		packet, err := v.Next()
		switch {
		case err != nil:
			v.t.Fatalf("waiting for %q: %v", end, err)
		case strings.HasPrefix(packet, end):
			return n
		case strings.Contains(packet, text):
			n++
		}
	}
}

// askAll emits an event so many times in one go, with an ack each, and counts the answers that have a code; "" is success.
func (v *visitor) askAll(event, payload string, times int, code string) (n int) {
	v.t.Helper()
	for range times {
		v.say(`421["` + event + `",` + payload + `]`)
	}
	for range times {
		if got, _ := v.answer()["code"].(string); got == code {
			n++
		}
	}
	return n
}

// ask emits an event with an ack and returns the answer.
func (v *visitor) ask(event, payload string) map[string]any {
	v.t.Helper()
	v.say(`421["` + event + `",` + payload + `]`)
	return v.answer()
}

// answer returns the next ack.
func (v *visitor) answer() map[string]any {
	v.t.Helper()
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

package chat

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

// Store keeps messages and knows who may join.
type Store interface {
	// Save stores a draft and calls done exactly once, with the committed row or with an error
	// that wraps message.ErrUnavailable or message.ErrRejected. Done is called in commit order
	// within a room. Save does not block.
	Save(d message.Draft, done func(message.Stored, error))
	// MayJoin tells whether a user may join a room. It has a deadline of its own.
	MayJoin(ctx context.Context, room, user string) (bool, error)
}

// Observer counts events by name and outcome: "ok", or the code of the failure. Names of events
// that nobody handles are all "other", and their outcome is "ignored".
type Observer interface {
	Event(name, outcome string)
	// AuthenticationRefused names the reason: a word of token.Reason.
	AuthenticationRefused(reason string)
}

// Shape is the form of the member list that rooms are told.
type Shape string

const (
	ShapeArray  Shape = "array"  // [{userId, username}]
	ShapeObject Shape = "object" // {roomId, count, members: [{userId, username}]}
	ShapeCount  Shape = "count"  // {roomId, count}
)

// Options say what the app expects. Events are named in any of snake, camel and kebab case; all
// three are accepted.
type Options struct {
	// Authenticator may wait for a database, with a deadline of its own.
	Authenticator *token.Authenticator

	JoinEvents, LeaveEvents, SendEvents []string
	MessageEvent, MembersEvent          string
	// Unstored: the app stores messages by itself, before its clients send them here.
	Unstored bool
	// Columns is what the app's table calls the parts of a message.
	Columns Columns
	// Relays are passed on to the others in a room.
	Relays []Relay

	MembersShape Shape
	// MembersLimit is the most members that one list names. 0 names all that fit into MaxEvent.
	MembersLimit int
	// MaxEvent is the most bytes of an event that goes to a room. It should be a fraction of the
	// queue that each connection has: what fills a queue at one blow disconnects a whole room. A
	// sender may have that much broadcast at once, and half of it per second. 0 means no limit.
	MaxEvent int
	// Multi keeps earlier rooms when another is joined.
	Multi bool
	// OpenRooms lets people send to rooms that they have not joined.
	OpenRooms bool
	// MaxText is the most bytes of a message's text. 0 means no limit of its own.
	MaxText int
	// RateLimit is events per second and connection, with a burst of twice that. 0 means no limit.
	RateLimit float64
	// RelayRate is relays per second and connection into rooms of up to 100 sockets, with a burst of
	// twice that; into larger rooms it is less in proportion. 0 means no limit.
	RelayRate float64

	Observer Observer
	Logger   *slog.Logger
}

// Reasons to close, beside those of package socketio.
const (
	// TokenExpired: the client is let back in with a fresh token.
	TokenExpired socketio.Reason = "token expired"
	// SessionsUnavailable: the client comes back, and perhaps the database that knows sessions does too.
	SessionsUnavailable socketio.Reason = "sessions unavailable"
	// Flooding: the client kept sending far above its rate limit.
	Flooding socketio.Reason = "flooding"
)

// Chat answers the events of one namespace.
type Chat struct {
	options   Options
	store     Store
	namespace *socketio.Namespace
	rosters   *rosters
	columns   columnKeys
	strangers strangers
	refused   seldom          // log lines for clients without a token
	unguarded seldom          // log lines for rooms that could not be checked
	ctx       context.Context // ends waits on the store when the chat closes
	cancel    context.CancelFunc
}

// New registers the chat's handlers with a namespace. Close ends what it starts.
func New(ns *socketio.Namespace, store Store, o Options) *Chat {
	ctx, cancel := context.WithCancel(context.Background())
	c := &Chat{options: o, store: store, namespace: ns, columns: o.Columns.keys(), ctx: ctx, cancel: cancel}
	c.rosters = newRosters(o.MembersLimit, c.announce)
	ns.Use(c.authenticate)
	ns.OnConnect(c.connected)
	ns.OnDisconnecting(c.disconnecting)
	c.handle(o.JoinEvents, c.join)
	c.handle(o.LeaveEvents, c.leave)
	c.handle(o.SendEvents, c.send)
	for _, relay := range o.Relays {
		c.handle([]string{relay.Event}, c.relay(relay.As))
	}
	ns.OnOther(c.unknown)
	return c
}

// Close stops member lists from being told. Call it when the server has been shut down.
func (c *Chat) Close() {
	c.cancel()
	c.rosters.close()
}

// Rooms returns how many rooms have members.
func (c *Chat) Rooms() int { return c.rosters.count() }

// handler does what an event asks for. What it returns is the answer to the client, unless it
// returns nil and answers later.
type handler func(s *socketio.Socket, m *member, r *request) answer

func (c *Chat) handle(events []string, h handler) {
	for _, event := range events {
		for _, spelling := range spellings(event) {
			c.namespace.On(spelling, func(s *socketio.Socket, e *socketio.Event) {
				m := s.Data.(*member)
				r := &request{chat: c, socket: s, event: e, name: event}
				if !c.allow(s, m, r) {
					return
				}
				if a := h(s, m, r); a != nil {
					r.answer(a)
				}
			})
		}
	}
}

// unknown answers events that nobody handles. Apps emit much that only their own server knew: who asks
// for an ack is told, the others are not bothered. The log names each event, for whoever looks for why
// nothing happens.
func (c *Chat) unknown(s *socketio.Socket, e *socketio.Event) {
	r := &request{chat: c, socket: s, event: e, name: "other"}
	if !c.allow(s, s.Data.(*member), r) {
		return
	}
	c.options.Observer.Event("other", "ignored")
	if c.strangers.isNew(e.Name, s.Data.(*member)) {
		c.options.Logger.Warn("clients send an event that nothing handles: JOIN_EVENTS, LEAVE_EVENTS, SEND_EVENTS and RELAY_EVENTS say which are",
			"event", e.Name)
	}
	if e.WantsAck() {
		e.Ack(failure{Code: badRequest, Text: "this server does not know the event"}.ack())
	}
}

// allow applies the rate limit.
func (c *Chat) allow(s *socketio.Socket, m *member, r *request) bool {
	now := time.Now()
	if m.rate.take(now, 1, c.options.RateLimit, 2*c.options.RateLimit) {
		return true
	}
	// Each refusal is an answer, and answers cost too.
	if !m.refusals.take(now, 1, 10*c.options.RateLimit, 20*c.options.RateLimit) {
		s.Close(Flooding)
		return false
	}
	r.answer(failure{Code: rateLimited, Text: "too many events, slow down"})
	return false
}

func (c *Chat) connected(s *socketio.Socket) {
	if m := s.Data.(*member); !m.expires.IsZero() {
		s.CloseAt(m.expires, TokenExpired)
	}
}

// disconnecting updates every room that the socket was in, whatever ended it.
func (c *Chat) disconnecting(s *socketio.Socket, _ socketio.Reason) {
	m := s.Data.(*member)
	for _, room := range s.Rooms() {
		s.Leave(room)
		c.rosters.leave(room, m.person)
	}
}

// announce tells a room its members.
func (c *Chat) announce(room string, list memberList) (cost int) {
	payload := c.shaped(list, room)
	c.namespace.To(room).Emit(c.options.MembersEvent, json.RawMessage(payload))
	return len(payload) * list.sockets
}

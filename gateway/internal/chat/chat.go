package chat

import (
	"context"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/presence"
	"github.com/socketgate/socketgate/pkg/socketio"
)

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
	options       Options
	keys          *contract.Keys
	store         Store
	namespace     *socketio.Namespace
	rosters       *presence.Rosters
	unknownEvents unknownEvents
	explained     explained
	refusalLog    logLimit        // lines for clients that are not let in
	accessLog     logLimit        // lines for rooms whose access could not be checked
	ctx           context.Context // ends waits on the store when the chat closes
	cancel        context.CancelFunc
}

// New registers the chat's handlers with a namespace. Close ends what it starts.
func New(ns *socketio.Namespace, store Store, o Options) *Chat {
	ctx, cancel := context.WithCancel(context.Background())
	c := &Chat{options: o, keys: contract.NewKeys(o.Columns), store: store, namespace: ns, ctx: ctx, cancel: cancel}
	c.rosters = presence.New(o.MembersLimit, c.announce)
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
	c.rosters.Close()
}

// Rooms returns how many rooms have members.
func (c *Chat) Rooms() int { return c.rosters.Rooms() }

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
		c.rosters.Leave(room, m.Person)
	}
}

// announce tells a room its members.
func (c *Chat) announce(room string, list presence.List) (cost int) {
	payload := list.Shaped(c.options.MembersShape, room, c.options.MaxEvent)
	c.namespace.To(room).Emit(c.options.MembersEvent, payload)
	return len(payload) * list.Sockets
}

package chat

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/gateway/internal/presence"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Reasons to close, beside those of package socketio.
const (
	// TokenExpired: the client is let back in with a fresh token.
	TokenExpired socketio.Reason = "token expired"
	// SessionsUnavailable: the client comes back, and perhaps the database that knows sessions does too.
	SessionsUnavailable socketio.Reason = "sessions unavailable"
	// LoginEnded: the app has ended the login (REVOKED_QUERY, SESSION_QUERY). The client comes back, and is told by CONNECT_ERROR
	// that it is not let in, unless it has logged in again meanwhile.
	LoginEnded socketio.Reason = "login ended"
	// TooOld: the connection has lived as long as one may. The client comes back, and is verified anew.
	TooOld socketio.Reason = "maximum age"
	// RoomsUnavailable: nobody can say in which rooms the user is (Options.UserRooms). The client comes back.
	RoomsUnavailable socketio.Reason = "rooms unavailable"
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
	early         *early
	online        online
	resends       *resends
	absorbed      absorbed
	stillness     *stillness // nil where the gateway is alone
	grants        *enquiries[message.Seat, bool]
	roomsOf       *enquiries[string, []string]            // nil without Options.UserRooms
	latest        *enquiries[message.Gap, []message.Kept] // nil without Options.HistoryEvent
	log           *Log                                    // Options.Log, or one of its own; nil where nothing is read again
	renewals      renewals
	arrivalRoom   string // the room that clients name as they connect, with the places where they do; empty without
	users         *users
	endings       endings
	share         float64    // of a user in what one connection may; 0 is no limit
	unknownEvents firstTimes // events that nobody handles
	fieldsLeftOut firstTimes // fields that rooms are not told
	explained     explained
	refusalLog    logLimit        // lines for clients that are not let in
	namesLog      logLimit        // lines for names that could not be looked up
	accessLog     logLimit        // lines for rooms whose access could not be checked
	roomsLog      logLimit        // lines for rooms of users that could not be asked for
	historyLog    logLimit        // lines for latest messages that could not be read
	recheckLog    logLimit        // lines for rights that could not be asked again
	endless       sync.Once       // the log has been told of a token without an end
	ctx           context.Context // ends waits on the store when the chat closes
	cancel        context.CancelFunc
	running       sync.WaitGroup // what asks again
}

// New registers the chat's handlers with a namespace. Close ends what it starts.
func New(ns *socketio.Namespace, store Store, o Options) *Chat {
	ctx, cancel := context.WithCancel(context.Background())
	c := &Chat{options: o, keys: newKeys(o), store: store, namespace: ns, ctx: ctx, cancel: cancel}
	if contract.HasArrivalPlace(o.DefaultRoom) {
		c.arrivalRoom, c.options.DefaultRoom = o.DefaultRoom, ""
	}
	if c.users, c.share = newUsers(), userShare(o); c.share > 0 {
		c.running.Go(func() { c.users.forgetting(ctx) })
	}
	members := presence.Options{
		Limit: o.MembersLimit, Whole: contract.OnlineRoom, Rate: o.MembersRate, Announce: c.announce, Delayed: o.Observer.ListDelayed,
	}
	if o.Gateways != nil {
		members.Others = o.Gateways
	}
	c.rosters = presence.New(members)
	c.early = newEarly(o.JoinWait)
	c.resends = newResends(o.Observer)
	c.grants = &enquiries[message.Seat, bool]{answer: store.MayStay, running: &c.running}
	c.log = o.Log
	if o.HistoryEvent != "" {
		c.latest = &enquiries[message.Gap, []message.Kept]{answer: c.askLatest, running: &c.running}
		if c.log == nil {
			c.log = NewLog(nil, o)
		}
	}
	if o.UserRooms != nil {
		c.roomsOf = &enquiries[string, []string]{answer: c.askRooms, running: &c.running}
		c.renewals.wake = make(chan struct{}, 1)
		c.running.Go(c.renewing)
	}
	if o.Order != nil {
		c.stillness = &stillness{began: time.Now()}
		c.running.Go(func() { c.stillness.run(ctx) })
	}
	ns.Use(c.authenticate)
	if o.Recovers {
		ns.OnRecover(c.mayRecover)
	}
	ns.OnConnect(c.connected)
	ns.OnDisconnecting(c.disconnecting)
	ns.OnMove(c.moved)
	c.handle(o.JoinEvents, c.join)
	c.handle(o.LeaveEvents, c.leave)
	c.handle(o.SendEvents, c.send)
	for _, relay := range o.Relays {
		if relay.To == ToRoom {
			c.handle([]string{relay.Event}, c.relay(relay.As))
		} else {
			c.handle([]string{relay.Event}, c.call(relay))
		}
	}
	ns.OnOther(c.unknown)
	if o.Recheck > 0 && (o.Guarded || o.Logins != nil || o.UserRooms != nil) {
		c.running.Go(c.recheckRights)
	}
	return c
}

func newKeys(o Options) *contract.Keys { return contract.NewKeys(o.Columns, o.ClientFields...) }

// Close stops member lists from being told, messages from waiting and rights from being asked again. Call it when the server has
// been shut down.
func (c *Chat) Close() {
	c.cancel()
	c.early.close()
	c.running.Wait()
	c.rosters.Close()
}

// Rooms returns how many rooms have members.
func (c *Chat) Rooms() int {
	n := c.rosters.Rooms()
	if c.rosters.Sockets(contract.OnlineRoom) > 0 { // which is none of the app's
		n--
	}
	return n
}

// connected sets the end of a connection: that of its token, or of its longest life.
func (c *Chat) connected(s *socketio.Socket) {
	m := s.Data.(*member)
	c.audit("login", m, "", "") // not earlier: there may be no place for one more connection of this user
	if c.share > 0 {
		c.users.enter(m)
	}
	var end time.Time
	reason := TokenExpired
	if m.expires != 0 {
		end = time.UnixMilli(m.expires)
	}
	if age := c.options.MaxAge; age > 0 {
		age -= time.Duration(rand.Float64() * float64(age) / 10)
		if old := time.Now().Add(age); end.IsZero() || old.Before(end) {
			end, reason = old, TooOld
		}
	}
	if !end.IsZero() {
		s.CloseAt(end, reason)
	}
	c.endIfEnded(s, m)
	c.welcomeBack(s, m)
	c.tellHistories(s, m)
}

// disconnecting updates every room that the socket was in, whatever ended it, and answers what still waits for a join.
func (c *Chat) disconnecting(s *socketio.Socket, _ socketio.Reason) {
	m := s.Data.(*member)
	if c.share > 0 {
		c.users.leave(m)
	}
	c.giveUpSeats(s, m)
	c.refuseEarly(m, func(*parked) bool { return true })
}

// shaped is a list of members as the app's clients expect it.
func (c *Chat) shaped(list presence.List, room string) json.RawMessage {
	if t := c.options.ListTemplate; t != nil {
		return list.Filled(t, room, c.options.MaxEvent)
	}
	return list.Shaped(c.options.MembersShape, room, c.options.MaxEvent)
}

// announce tells a room its members. Other gateways tell those who are there.
func (c *Chat) announce(room string, list presence.List) (cost int) {
	if room == contract.OnlineRoom {
		cost = c.announceOnline(list)
		c.options.Observer.ListTold(cost)
		return cost
	}
	payload := c.shaped(list, room)
	c.namespace.Local(socketio.Target{Rooms: []string{room}}).Emit(c.options.MembersEvent, payload)
	cost = len(payload) * list.Sockets
	c.options.Observer.ListTold(cost)
	return cost
}

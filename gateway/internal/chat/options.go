package chat

import (
	"context"
	"log/slog"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

// Options say what the app expects. Events are named in any of snake, camel and kebab case; all
// three are accepted.
type Options struct {
	// Authenticator may wait for a database, with a deadline of its own.
	Authenticator *token.Authenticator

	// Name tells what a user is called whose token does not say so; "" where nobody is. It has a deadline of its own, and its
	// error means that rooms are told the id. Nil is nobody to ask.
	Name func(ctx context.Context, userID string) (string, error)

	JoinEvents, LeaveEvents, SendEvents []string
	MessageEvent, MembersEvent          string
	// Unstored: the app stores messages by itself, before its clients send them here.
	Unstored bool
	// Columns is what the app's table calls the parts of a message. With a Receiver, messages may go to one person.
	Columns contract.Columns
	// ClientFields are the fields of its clients' own that the app lets rooms be told: see contract.NewKeys.
	ClientFields []string
	// Relays are passed on to the others in a room, to one user or to one socket.
	Relays []Relay
	// RelayAnyone lets those to a user reach whoever is connected. Otherwise it is who is in a room with the sender, and anybody only where
	// messages may go to one person.
	RelayAnyone bool

	// SendArgs name the arguments of an event that sends a message: see contract.Keys.Message.
	SendArgs []string
	// MessageShape is the form in which rooms are told a message, and AckShape that of the ack of one. Nil is the usual form.
	MessageShape, AckShape *contract.Template

	// HistoryEvent tells whoever joins a room its latest messages, HistorySize at most, in that shape. Empty means that nobody is.
	HistoryEvent string
	HistorySize  int
	HistoryShape *contract.Template // nil is the list
	// Latest reads them.
	Latest Latest

	MembersShape contract.Shape
	// ListTemplate stands in the place of MembersShape, unless it is nil.
	ListTemplate *contract.Template
	// OnlineEvent tells clients who is connected in the whole app, in that shape: when they connect and, unless there is an event for each
	// who comes or goes, whenever that changes. Empty means that nobody is told.
	OnlineEvent                       string
	OnlineShape                       contract.OnlineShape
	UserOnlineEvent, UserOfflineEvent string
	// MembersLimit is the most members that one list names. 0 names all that fit into MaxEvent.
	MembersLimit int
	// MaxEvent is the most bytes of an event that goes to a room. It should be a fraction of the
	// queue that each connection has: what fills a queue at one blow disconnects a whole room. A
	// sender may have that much broadcast at once, and half of it per second. 0 means no limit.
	MaxEvent int
	// Multi keeps earlier rooms when another is joined.
	Multi bool
	// NoEcho: who sends a message hears of it by the ack alone. The sender's other sockets hear it.
	NoEcho bool
	// NoRooms: the app's table has no room, so that every message that is stored needs a receiver.
	NoRooms bool
	// JoinWait is how long a message that comes before its sender's first join waits for the join of its room. 0 means
	// not at all.
	JoinWait time.Duration
	// OpenRooms lets people send to rooms that they have not joined.
	OpenRooms bool
	// MaxText is the most bytes of a message's text. 0 means no limit of its own.
	MaxText int
	// RateLimit is events per second and connection, with a burst of twice that. 0 means no limit.
	RateLimit float64
	// UserRate is events per second of one user over all their connections, with a burst of twice that; at least RateLimit. What
	// else is limited for a connection is so for a user in the same proportion. 0 means no limits of users, and so does a
	// RateLimit of 0.
	UserRate float64
	// MembersRate is how many bytes per second the member lists of all rooms may cost. What is above waits. 0 means no limit.
	MembersRate int
	// RelayRate is relays per second and connection into rooms of up to 100 sockets, with a burst of
	// twice that; into larger rooms it is less in proportion. 0 means no limit.
	RelayRate float64

	// UserRooms are the rooms that the server chooses for a user: the user's sockets are in them from the start, and no other room may be
	// joined unless the RoomRules or, Guarded, the Store say so. Nil means that clients choose their rooms.
	UserRooms UserRooms
	// PersonalRoom is the name of a room that all of a user's sockets are in, with $user for the id. Empty means none of a name that
	// the app could say.
	PersonalRoom string
	// DefaultRoom is where a new socket is, as if its client had joined it. With $auth.NAME or $query.NAME it is what the client says there as it
	// connects, if it may join that. Empty means nowhere.
	DefaultRoom string

	// RoomRules decide who may join the rooms that they fit. The Store is asked about the others.
	RoomRules []RoomRule
	// Guarded: the Store has a rule of its own, and may change its mind.
	Guarded bool
	// Logins may be nil: then no login ends before its time.
	Logins Logins
	// Recheck is how long a right may outlive its end: within it every connected socket is asked about again, with Guarded for
	// its rooms, with Logins for its login. 0 means never.
	Recheck time.Duration
	// MaxAge is the longest that a connection lives, a tenth less by chance so that those that came together do not come back
	// together. 0 means for ever.
	MaxAge time.Duration

	// Recovers has clients that were away told what they missed. The namespace's server needs socketio.Options.Recovery then.
	Recovers bool
	// Log reads stored messages again. Nil means that what memory does not hold any more can't be.
	Log *Log
	// Order tells stored messages where there are several gateways, whose clients hear all of them in the same order. Nil means that this
	// gateway is alone, or that each has an order of its own.
	Order Order
	// ResendKey makes what the store knows a resend by (message.Draft.Fingerprint). It should be the same after a restart.
	ResendKey []byte

	// WebApp: the web app speaks and asks by Emit, Say, Join, Leave, Disconnect, Revoke, Members and Online. Every socket is in a room of its
	// user's then, and everybody who is connected is listed.
	WebApp bool
	// SystemUser is the id of who says what the web app says for no user. Empty means that each message needs one.
	SystemUser string

	// WhenSaved calls done once, on any goroutine: with true when the rooms of a socket are where a process that is killed does not
	// lose them, and with false soon if they can't be there and those of before are. It does not block. Nil means that nobody takes
	// sessions up from this process.
	WhenSaved func(s *socketio.Socket, done func(safe bool))

	// TakenUp tells whether another gateway has taken up the session of a socket that is still here. It may wait for a second; what nobody
	// knows is true. Nil means that none can.
	TakenUp func(ctx context.Context, s *socketio.Socket) bool

	// Elsewhere is given the events that nothing here handles, and tells whether somebody else does. Nil is nobody else.
	Elsewhere func(*socketio.Socket, *socketio.Event) bool

	// Gateways are the others. Nil means that this one is alone.
	Gateways Gateways

	Audit    Auditor // may be nil
	Observer Observer
	Logger   *slog.Logger
}

// Relay is an event that is passed on and forgotten: typing, read receipts.
type Relay struct {
	// Event comes in, in any of its spellings.
	Event string
	// As is what the others hear. Empty means the event in the spelling that the client used.
	As string
	// To is for whom it is.
	To Party
	// Key names the user or the socket. Empty means a usual key: see contract.Keys.ParseCall.
	Key string
}

// Party is for whom a relay is.
type Party string

const (
	ToRoom   Party = ""       // the others in a room that the sender has joined
	ToUser   Party = "user"   // the sockets of one user
	ToSocket Party = "socket" // one socket, by its id
)

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
	// Relays are passed on to the others in a room.
	Relays []Relay

	MembersShape contract.Shape
	// MembersLimit is the most members that one list names. 0 names all that fit into MaxEvent.
	MembersLimit int
	// MaxEvent is the most bytes of an event that goes to a room. It should be a fraction of the
	// queue that each connection has: what fills a queue at one blow disconnects a whole room. A
	// sender may have that much broadcast at once, and half of it per second. 0 means no limit.
	MaxEvent int
	// Multi keeps earlier rooms when another is joined.
	Multi bool
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
	// ResendKey makes what the store knows a resend by (message.Draft.Fingerprint). It should be the same after a restart.
	ResendKey []byte

	// WhenSaved calls done once, on any goroutine, when the rooms of a socket are where a process that is killed does not lose
	// them, or soon if they can't be. It does not block. Nil means that nobody takes sessions up from this process.
	WhenSaved func(s *socketio.Socket, done func())

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
}

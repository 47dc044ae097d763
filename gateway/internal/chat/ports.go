package chat

import (
	"context"
	"encoding/json"
	"net/netip"

	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/gateway/internal/presence"
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
	// MayStay is MayJoin for many at once. An error is for all of them, and means that nobody knows.
	MayStay(ctx context.Context, seats []message.Seat) ([]bool, error)
}

// UserRooms knows in which rooms the app has its users.
type UserRooms interface {
	// Of returns the rooms of each user. It has a deadline of its own. An error is for all of them, and means that nobody knows.
	Of(ctx context.Context, users []string) ([][]string, error)
}

// History reads what was stored.
type History interface {
	// Missed returns the messages of the gaps up to a position, in the order of positions. Many who ask at the same time are
	// answered together. An error means that something may be missing; it wraps message.ErrTooMuch where there are more than limit.
	Missed(ctx context.Context, gaps []message.Gap, through uint64, limit int) ([]message.Kept, error)
	// Repeated returns the message of a draft's fingerprint, user, place and text that was committed after a position, or, with 0,
	// within the last two minutes. Mostly it answers from memory that there is none.
	Repeated(ctx context.Context, d message.Draft, after uint64) (message.Kept, bool, error)
}

// Order has all gateways of a cluster tell stored messages in one order.
type Order interface {
	// Tell has these clients told of a committed row, on all gateways: on this one when its turn comes, with its
	// position as the offset. Then it calls told once, on any goroutine; it may do so before it returns. It does not block. The calls
	// come in the order of commits.
	Tell(row message.Stored, to message.Audience, event string, payload json.RawMessage, told func())
}

// Logins knows which logins the app has ended.
type Logins interface {
	// Ended tells so of each login. It has a deadline of its own. An error means that nobody knows of some; what it returns
	// beside it holds all the same.
	Ended(ctx context.Context, logins []token.Login) ([]bool, error)
}

// Gateways are the other gateways that are one with this. Its methods do not block.
type Gateways interface {
	presence.Others
	// Connected and Disconnected count a user's connections here, for MAX_CONNECTIONS_PER_USER.
	Connected(user string)
	Disconnected(user string)
	// LoginEnded tells the others that the app has ended a login: see [Chat.EndLogins].
	LoginEnded(user, login string)
	// UserEnded tells the others that a user is to be disconnected.
	UserEnded(user string)
}

// Auditor keeps a record of who did what. It does not block. Any goroutine may call it.
type Auditor interface {
	// Record notes an event of these: login, refusal, join, forbidden, right_lost, revoked. What is unknown is empty.
	Record(event, user, room string, address netip.Addr, reason string)
}

// Observer counts events by name and outcome: "ok", or the code of the failure. Names of events
// that nobody handles are all "other", and their outcome is "ignored". Any goroutine may call it.
type Observer interface {
	Event(name, outcome string)
	// ResendsForgotten counts messages whose resends are not known any more, since too many were sent after them.
	ResendsForgotten(messages int)
	// AuthenticationRefused names the reason: a word of token.Reason.
	AuthenticationRefused(reason string)
	// Rechecked counts rights that were asked again: of what (room or login), and the outcome: kept, ended or unavailable.
	Rechecked(what, outcome string, n int)
	// Limited reports what was refused as too much: which limit (events, joins, bytes, relays
	// or lists), and of whom (connection or user).
	Limited(limit, of string)
	// History counts what those who join are told of the latest messages, by outcome: told, failed (they could not be read) or too_much
	// (a room among many, of which a new connection is not told).
	History(outcome string)
	// ListTold reports a member list, by the bytes of all its copies.
	ListTold(bytes int)
	// ListDelayed reports one that has to wait, with a reason of package presence.
	ListDelayed(reason string)
}

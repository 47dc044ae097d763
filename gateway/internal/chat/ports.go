package chat

import (
	"context"
	"net/netip"

	"github.com/socketgate/socketgate/gateway/internal/message"
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

// History reads what was stored.
type History interface {
	// Missed returns the messages of the gaps up to a position, in the order of positions. Many who ask at the same time are
	// answered together. An error means that something may be missing; it wraps message.ErrTooMuch where there are more than limit.
	Missed(ctx context.Context, gaps []message.Gap, through uint64, limit int) ([]message.Kept, error)
	// Repeated returns the message of a draft's fingerprint, user, place and text that was committed after a position, or, with 0,
	// within the last two minutes. Mostly it answers from memory that there is none.
	Repeated(ctx context.Context, d message.Draft, after uint64) (message.Kept, bool, error)
}

// Logins knows which logins the app has ended.
type Logins interface {
	// Ended tells so of each login. It has a deadline of its own. An error means that nobody knows of some; what it returns
	// beside it holds all the same.
	Ended(ctx context.Context, logins []token.Login) ([]bool, error)
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
	// ListTold reports a member list, by the bytes of all its copies.
	ListTold(bytes int)
	// ListDelayed reports one that has to wait, with a reason of package presence.
	ListDelayed(reason string)
}

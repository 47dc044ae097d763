package order

import (
	"context"
	"encoding/json"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// Table is where all gateways commit their messages. Both methods ask the primary: a replica may be behind.
type Table interface {
	// Now returns the clock: no message has a greater position that was committed before Now was called.
	Now(ctx context.Context) (uint64, error)
	// After returns messages of all rooms behind a position, in the order of positions, limit at most. All that are committed up to
	// through, and ever will be, are among them. Through is the clock, or the position of the last row where there are more rows.
	After(ctx context.Context, after uint64, limit int) (rows []message.Kept, through uint64, err error)
}

// Options are what a Sequencer needs to know. Those that may be nil say so.
type Options struct {
	Table Table

	// Local tells an event to those of its audience who are clients of this gateway, with the position as its offset. It is called for one
	// message at a time, and positions rise. It must not wait for anything.
	Local func(position uint64, to message.Audience, event string, args []json.RawMessage)
	// Pass moves the offset of this gateway's clients on to a position that Local is not called for, or to where the gateway
	// starts: then there are no rooms. False means that somebody is in these rooms now who must hear the message: then nothing was done,
	// unless force is set.
	Pass func(position uint64, rooms []string, force bool) bool
	// Publish sends a message of this gateway to the others. It must not wait: what it can't send is read from the table by them.
	Publish func(position, previous uint64, to message.Audience, event string, args []json.RawMessage)
	// Event makes of a row what Publish was given when it was committed, as far as the row knows. It may look things up in the
	// database until ctx ends.
	Event func(ctx context.Context, row message.Kept) (to message.Audience, event string, args []json.RawMessage)
	// Away tells that others can't be heard at present, so that the table is read all the time. Nil is never.
	Away func() bool

	// MaxWaiting and MaxWaitingBytes bound what waits for its turn. What comes beyond is read from the table later. Zero means
	// 100,000 messages and 64 MiB.
	MaxWaiting, MaxWaitingBytes int

	Observer Observer // may be nil
}

// Observer counts. Its methods are called from several goroutines at once and must return quickly.
type Observer interface {
	// OrderRead reports one read of the table: why, with one of the Because constants; how many messages were taken from it, and how
	// long it took; err is nil if it could be read.
	OrderRead(reason string, messages int, took time.Duration, err error)
	// OrderDropped reports a message that was not kept until its turn, with one of the Dropped constants.
	OrderDropped(cause string)
	// OrderLost reports that the database has lost messages that were told or heard of: it is behind its own past.
	OrderLost()
}

// Why the table is read.
const (
	BecauseHole   = "hole"   // a message is missing before one that was heard
	BecauseTail   = "tail"   // the clock is ahead of all that was heard
	BecauseAway   = "away"   // others can't be heard
	BecauseMember = "member" // somebody has come into a room for which a message was not decoded
	BecauseClient = "client" // a client that comes back has heard more elsewhere
)

// Why a message is not kept until its turn.
const (
	DroppedFull    = "full"    // too many wait; it is read later
	DroppedInvalid = "invalid" // its position can't be one
)

type unobserved struct{}

func (unobserved) OrderRead(string, int, time.Duration, error) {}
func (unobserved) OrderDropped(string)                         {}
func (unobserved) OrderLost()                                  {}

package store

import (
	"errors"
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// refusal is an error that a sender gets: message.ErrUnavailable or message.ErrRejected, and why.
type refusal struct {
	cause  string // the label in Observer.Failed
	detail error
	kind   error
	column string // that can't hold the value, or empty
}

func (r *refusal) Error() string   { return fmt.Sprintf("%v: %v", r.kind, r.detail) }
func (r *refusal) Unwrap() []error { return []error{r.kind, r.detail} }

var (
	errFull    = &refusal{cause: "full", detail: errors.New("queue is full"), kind: message.ErrUnavailable}
	errDown    = &refusal{cause: "down", detail: errors.New("database is down"), kind: message.ErrUnavailable}
	errClosing = &refusal{cause: "closing", detail: errors.New("store is closed"), kind: message.ErrUnavailable}
	errTimeout = &refusal{cause: "timeout", detail: errors.New("not committed in time"), kind: message.ErrUnavailable}
)

func causeOf(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return r.cause
	}
	return "rejected"
}

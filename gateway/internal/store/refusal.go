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
}

func (r *refusal) Error() string   { return fmt.Sprintf("%v: %v", r.kind, r.detail) }
func (r *refusal) Unwrap() []error { return []error{r.kind, r.detail} }

var (
	errFull    = &refusal{"full", errors.New("queue is full"), message.ErrUnavailable}
	errDown    = &refusal{"down", errors.New("database is down"), message.ErrUnavailable}
	errClosing = &refusal{"closing", errors.New("store is closed"), message.ErrUnavailable}
	errTimeout = &refusal{"timeout", errors.New("not committed in time"), message.ErrUnavailable}
)

func causeOf(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return r.cause
	}
	return "rejected"
}

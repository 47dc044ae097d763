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

// fault is an error of a database, sorted by what it means for the messages that met it.
type fault struct {
	kind  faultKind
	doubt bool // the statement may have been committed all the same
	err   error
}

type faultKind int

const (
	faultUnavailable faultKind = iota // later it may work
	faultRejected                     // one of the rows is to blame, and would be again
	faultForbidden                    // a privilege or an object is missing
)

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

func unavailable(err error, doubt bool) error { return &fault{faultUnavailable, doubt, err} }

func isRejected(err error) bool {
	var f *fault
	return errors.As(err, &f) && f.kind == faultRejected
}

func isForbidden(err error) bool {
	var f *fault
	return errors.As(err, &f) && f.kind == faultForbidden
}

// inDoubt is true for whatever is not known to have failed.
func inDoubt(err error) bool {
	var f *fault
	return !errors.As(err, &f) || f.doubt
}

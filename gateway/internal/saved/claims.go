package saved

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/socketio"
)

const (
	maxWaiting   = 1 << 16 // claims
	claimsAtOnce = 10_000
)

// Why a claim fails.
var (
	errTooMany = errors.New("too many claims wait")
	errClosing = errors.New("sessions are being closed")
)

// claim is a caller of Claim who waits for a session.
type claim struct {
	key     key
	sid     string
	began   time.Time
	settled atomic.Bool // it has an answer, or nobody waits for it any more
	answer  chan answer // has place for one
}

type answer struct {
	row *row // nil if there is no session
	err error
}

func newClaim(namespace, sid string) *claim {
	return &claim{key: keyOf(namespace, sid), sid: sid, began: time.Now(), answer: make(chan answer, 1)}
}

// settle gives the answer, unless nobody waits for it any more.
func (c *claim) settle(a answer) bool {
	if !c.settled.CompareAndSwap(false, true) {
		return false
	}
	c.answer <- a
	return true
}

// claims wait for the claimer.
type claims struct {
	some chan struct{} // has an element after a claim was added

	mu      lockorder.Mutex[claims]
	waiting []*claim
	closed  bool
}

func newClaims() *claims { return &claims{some: make(chan struct{}, 1)} }

func (cs *claims) add(c *claim) error {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if len(cs.waiting) >= maxWaiting {
		cs.forgetSettled()
	}
	switch {
	case cs.closed:
		return errClosing
	case len(cs.waiting) >= maxWaiting:
		return errTooMany
	}
	cs.waiting = append(cs.waiting, c)
	signal(cs.some)
	return nil
}

// forgetSettled leaves out claims that nobody waits for any more. mu is held.
func (cs *claims) forgetSettled() {
	kept := cs.waiting[:0]
	for _, c := range cs.waiting {
		if !c.settled.Load() {
			kept = append(kept, c)
		}
	}
	clear(cs.waiting[len(kept):])
	cs.waiting = kept
}

// take takes those who wait, up to n.
func (cs *claims) take(n int) []*claim {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.forgetSettled()
	n = min(n, len(cs.waiting))
	taken := cs.waiting[:n:n]
	cs.waiting = cs.waiting[n:]
	if len(cs.waiting) == 0 {
		cs.waiting = nil
	}
	return taken
}

// putBack has the claims without an answer wait again.
func (cs *claims) putBack(all []*claim) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.waiting = append(all, cs.waiting...)
}

// close refuses further claims and gives those that wait an error. It returns how many these were.
func (cs *claims) close() (failed int) {
	cs.mu.Lock()
	cs.closed = true
	left := cs.waiting
	cs.waiting = nil
	cs.mu.Unlock()
	for _, c := range left {
		if c.settle(answer{err: errClosing}) {
			failed++
		}
	}
	return failed
}

// Claim gives a session to one caller alone, whose gateway is its owner from now on. Of several who ask for one session at the
// same time, one gets it. Where nothing is kept there is none, nor if the gateway has the session already, or it has ended here. While
// the database is away it waits until ctx ends.
func (s *Sessions) Claim(ctx context.Context, namespace, sid string) (*socketio.SavedSession, error) {
	if s.off.Load() || s.changes.isEnded(sid) {
		return nil, nil
	}
	c := newClaim(namespace, sid)
	if err := s.claims.add(c); err != nil {
		s.watch.SessionsClaimed("failed", 1)
		return nil, fmt.Errorf("claim session: %w", err)
	}
	leave := context.AfterFunc(ctx, func() {
		if c.settle(answer{err: ctx.Err()}) {
			s.watch.SessionsClaimed("failed", 1)
		}
	})
	defer leave()
	a := <-c.answer
	switch {
	case a.err != nil:
		return nil, fmt.Errorf("claim session: %w", a.err)
	case a.row == nil:
		return nil, nil
	}
	return a.row.saved(namespace, sid)
}

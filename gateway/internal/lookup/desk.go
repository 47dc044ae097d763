package lookup

import (
	"context"
	"errors"
)

// Why a look-up was not made, for a metric.
const (
	ReasonFull       = "full"       // too many wait, of this key or in all
	ReasonNoTurn     = "no_turn"    // its turn did not come before its deadline
	ReasonRemembered = "remembered" // the answer was no a moment ago, and others wait
)

// Desk answers look-ups of one kind, each in its turn. Any goroutine may use it.
type Desk struct {
	queue    *queue
	refusals refusals
	refused  func(reason string)
}

// Options say how many look-ups a desk takes.
type Options struct {
	// Running is how many run at once: as many as there are connections for them.
	Running int
	// PerKey and Total are how many may wait for one key, and in all.
	PerKey, Total int
	// Refused is told of each look-up that is not made, with the reason. It may be nil.
	Refused func(reason string)
}

// New opens a desk.
func New(o Options) *Desk {
	if o.Refused == nil {
		o.Refused = func(string) {}
	}
	return &Desk{queue: newQueue(o.Running, o.PerKey, o.Total), refused: o.Refused}
}

// Ask has ask look something up when it is key's turn, and returns its answer. The error is its own, ErrFull or
// ErrNoTurn. A yes is not kept: a right that has ended must not be good for a moment longer.
func (d *Desk) Ask(ctx context.Context, key string, question Question, ask func() (yes bool, err error)) (yes bool, err error) {
	if d.queue.waits() && d.refusals.has(question) {
		d.refused(ReasonRemembered)
		return false, nil
	}
	leave, err := d.queue.enter(ctx, key)
	switch {
	case errors.Is(err, ErrFull):
		d.refused(ReasonFull)
		return false, err
	case err != nil:
		d.refused(ReasonNoTurn)
		return false, err
	}
	defer leave()
	yes, err = ask()
	if err == nil && !yes {
		d.refusals.add(question)
	}
	return yes, err
}

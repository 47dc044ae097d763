package chat

import (
	"context"
	"sync"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// enquiries ask something of the app's database for many who ask at the same time, as those do who come back: what gathers while one
// question is under way is the next. Any goroutine may use them.
type enquiries[Q, A any] struct {
	// answer has an answer for each question, or an error for all. It is called by one goroutine at a time.
	answer  func(context.Context, []Q) ([]A, error)
	running *sync.WaitGroup // of the goroutine that asks

	mu      lockorder.Mutex[grants]
	waiting []*enquiry[Q, A]
	asking  bool
}

// grants names a lock.
type grants struct{}

// enquiry is what one caller waits for.
type enquiry[Q, A any] struct {
	questions []Q
	answers   []A
	err       error
	done      chan struct{}
}

// maxAtOnce is how many questions are asked at once, but for those of one caller.
const maxAtOnce = 1000

// ask returns an answer for each question, or the context's error when that ends first.
func (e *enquiries[Q, A]) ask(ctx context.Context, questions []Q) ([]A, error) {
	own := &enquiry[Q, A]{questions: questions, done: make(chan struct{})}
	e.mu.Lock()
	e.waiting = append(e.waiting, own)
	if !e.asking {
		e.asking = true
		e.running.Go(func() { e.run(ctx) })
	}
	e.mu.Unlock()
	select {
	case <-own.done:
		return own.answers, own.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// run asks until nobody waits.
func (e *enquiries[Q, A]) run(ctx context.Context) {
	for batch := e.take(); batch != nil; batch = e.take() {
		var all []Q
		for _, one := range batch {
			all = append(all, one.questions...)
		}
		answers, err := e.answer(ctx, all)
		for _, one := range batch {
			if one.err = err; err == nil {
				one.answers, answers = answers[:len(one.questions)], answers[len(one.questions):]
			}
			close(one.done)
		}
	}
}

// take returns who is asked for next, or nil: then nobody asks any more.
func (e *enquiries[Q, A]) take() []*enquiry[Q, A] {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, questions := 0, 0
	for n < len(e.waiting) && (n == 0 || questions+len(e.waiting[n].questions) <= maxAtOnce) {
		questions += len(e.waiting[n].questions)
		n++
	}
	batch := e.waiting[:n:n]
	if e.waiting = e.waiting[n:]; n == 0 {
		e.waiting, e.asking = nil, false
		return nil
	}
	return batch
}

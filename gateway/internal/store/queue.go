package store

import (
	"sync"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// A batch is capped only so that one statement stays a sane size; busy stores stay far below.
const (
	maxBatchMessages = 2000
	maxBatchBytes    = 8 << 20
)

// queue holds accepted messages in order. Its bounds count a message until it is answered, so that they also
// cover the batch that is being committed. mu is held for a few instructions only.
type queue struct {
	maxMessages, maxBytes int

	mu              lockorder.Mutex[queue]
	arrived         sync.Cond
	waiting         []*entry
	messages, bytes int // waiting, or taken and not answered
	closed          bool
}

func newQueue(maxMessages, maxBytes int) *queue {
	q := &queue{maxMessages: maxMessages, maxBytes: maxBytes}
	q.arrived.L = &q.mu
	return q
}

// add queues e, or says why not.
func (q *queue) add(e *entry) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return errClosing
	}
	if q.messages == q.maxMessages || q.bytes+e.size > q.maxBytes {
		return errFull
	}
	q.messages++
	q.bytes += e.size
	e.accepted = time.Now()
	q.waiting = append(q.waiting, e)
	q.arrived.Signal()
	return nil
}

// wait returns true when a message waits, and false when none does and none will.
func (q *queue) wait() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.closed {
		q.arrived.Wait()
	}
	return len(q.waiting) > 0
}

// waitFor waits for a message, but no longer than that.
func (q *queue) waitFor(d time.Duration) {
	until := time.Now().Add(d)
	defer time.AfterFunc(d, func() {
		q.mu.Lock() // so that it is not between its look and its wait
		defer q.mu.Unlock()
		q.arrived.Broadcast()
	}).Stop()
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && time.Now().Before(until) {
		q.arrived.Wait()
	}
}

// take gives the oldest messages, as many as go into one batch.
func (q *queue) take() []*entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, bytes := 0, 0
	for n < len(q.waiting) && n < maxBatchMessages {
		if bytes += q.waiting[n].size; bytes > maxBatchBytes && n > 0 {
			break
		}
		n++
	}
	return q.pop(n)
}

// acceptedBefore takes out the messages that have waited since before t.
func (q *queue) acceptedBefore(t time.Time) []*entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pop(countBefore(q.waiting, t))
}

func (q *queue) pop(n int) []*entry {
	head := q.waiting[:n:n]
	if q.waiting = q.waiting[n:]; len(q.waiting) == 0 {
		q.waiting = nil // so that the array goes with its last batch
	}
	return head
}

// release makes room for as many new messages as have been answered.
func (q *queue) release(batch []*entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.messages -= len(batch)
	for _, e := range batch {
		q.bytes -= e.size
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.arrived.Broadcast()
}

// over says that the queue is closed and has nothing left.
func (q *queue) over() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed && len(q.waiting) == 0
}

// countBefore counts the leading entries that were accepted before t.
func countBefore(batch []*entry, t time.Time) int {
	n := 0
	for n < len(batch) && batch[n].accepted.Before(t) {
		n++
	}
	return n
}

func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

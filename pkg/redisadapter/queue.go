package redisadapter

import "github.com/socketgate/socketgate/pkg/lockorder"

// queue is what one goroutine has for another. It takes no more than its bounds, and never waits.
type queue[T any] struct {
	count, bytes int           // bounds
	more         chan struct{} // has something while there is something to take

	mu    lockorder.Mutex[queued]
	items []T
	size  int
}

// queued names queue.mu in the order of locks.
type queued struct{}

func newQueue[T any](count, bytes int) *queue[T] {
	return &queue[T]{count: count, bytes: bytes, more: make(chan struct{}, 1)}
}

// add reports whether there was room.
func (q *queue[T]) add(item T, size int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) >= q.count || q.size+size > q.bytes {
		return false
	}
	q.items = append(q.items, item)
	q.size += size
	select {
	case q.more <- struct{}{}:
	default:
	}
	return true
}

// take returns all that has gathered, and takes an array for what comes next.
func (q *queue[T]) take(next []T) []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	items := q.items
	q.items, q.size = next[:0], 0
	return items
}

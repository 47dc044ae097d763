package engineio

import (
	"net"
	"os"
	"sync"
	"time"
)

// watchedPipe makes a pipe of memory a Polled, so that a Door serves it. It reads ahead, up to a bound, as a kernel does; it holds nothing
// that is written.
type watchedPipe struct {
	net.Conn

	mu       sync.Mutex
	changed  *sync.Cond
	ahead    []byte
	end      error
	deadline time.Time // of reads
	ready    func()
}

const readAhead = 16 << 10

func newWatchedPipe(conn net.Conn) net.Conn {
	w := &watchedPipe{Conn: conn, ready: func() {}}
	w.changed = sync.NewCond(&w.mu)
	go w.pump()
	return w
}

func (w *watchedPipe) pump() {
	for end := error(nil); end == nil; {
		var count int
		p := make([]byte, 4096)
		count, end = w.Conn.Read(p)
		w.mu.Lock()
		w.ahead, w.end = append(w.ahead, p[:count]...), end
		ready := w.ready
		w.mu.Unlock()
		w.changed.Broadcast()
		ready()
		w.mu.Lock()
		for len(w.ahead) > readAhead {
			w.changed.Wait()
		}
		w.mu.Unlock()
	}
}

func (w *watchedPipe) Notify(ready func()) {
	w.mu.Lock()
	w.ready = ready
	w.mu.Unlock()
	ready() // for what has come before
}

func (w *watchedPipe) TryRead(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isLate() {
		return 0, os.ErrDeadlineExceeded
	}
	return w.take(p)
}

// take takes what is there. The mutex is held.
func (w *watchedPipe) take(p []byte) (int, error) {
	n := copy(p, w.ahead)
	if w.ahead = w.ahead[n:]; len(w.ahead) > 0 {
		return n, nil
	}
	w.changed.Broadcast()
	return n, w.end
}

func (w *watchedPipe) isLate() bool { return !w.deadline.IsZero() && !time.Now().Before(w.deadline) }

func (w *watchedPipe) Read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.ahead) == 0 && w.end == nil && !w.isLate() {
		w.changed.Wait()
	}
	if w.isLate() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := w.take(p)
	if n > 0 {
		err = nil
	}
	return n, err
}

// TryWrite leaves all to Write, which waits for the reader.
func (w *watchedPipe) TryWrite([]byte) (int, error) { return 0, nil }

func (w *watchedPipe) SetReadDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadline = t
	w.changed.Broadcast()
	if wait := time.Until(t); !t.IsZero() && wait > 0 {
		time.AfterFunc(wait, w.changed.Broadcast)
	}
	return nil
}

func (w *watchedPipe) SetDeadline(t time.Time) error {
	w.SetReadDeadline(t)
	return w.SetWriteDeadline(t)
}

func (w *watchedPipe) Close() error {
	err := w.Conn.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead, w.deadline = nil, time.Unix(1, 0)
	w.changed.Broadcast()
	return err
}

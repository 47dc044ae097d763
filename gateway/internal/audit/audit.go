// Package audit keeps a record of who did what (AUDIT_LOG): one JSON object a line, with the time, the event, the user, the room,
// the address and the reason. It never holds what was said, a token or a name.
//
// A record waits in a bounded queue, which one goroutine, from [Open] to [Log.Close], writes. What the queue has no place for is
// counted as lost, since no client may wait for a disk.
package audit

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Where records can go besides a file.
const (
	Off    = "off"
	Stderr = "stderr"
)

// queued is how many records may wait: some seconds of logins in a storm, about a megabyte.
const queued = 8192

// refusalsPerSecond bounds what people without a login can make the gateway write: about 300 MB a day.
const refusalsPerSecond = 20

// Log is a record that is being kept. Its methods may be called from any goroutine.
type Log struct {
	lost func(n int)
	log  *slog.Logger
	now  func() time.Time

	mu       lockorder.Mutex[Log]
	queue    chan line // nil once it is closed
	second   int64     // of the last refusal
	refusals int       // in that second
	running  sync.WaitGroup
}

// line has its fields in the order in which a person reads them.
type line struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"`
	User    string    `json:"user,omitempty"`
	Room    string    `json:"room,omitempty"`
	Address string    `json:"address,omitempty"`
	Reason  string    `json:"reason,omitempty"`
}

// Open begins a record at the end of a file, which is made for this user alone if it is not there, or on standard error. Lost is
// told how many records could not be kept; it must return quickly. The caller must Close.
func Open(where string, lost func(n int), log *slog.Logger) (*Log, error) {
	if where == Stderr {
		return start(nopCloser{os.Stderr}, lost, log), nil
	}
	file, err := os.OpenFile(where, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("AUDIT_LOG: %w", err)
	}
	return start(file, lost, log), nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func start(to io.WriteCloser, lost func(n int), log *slog.Logger) *Log {
	l := &Log{lost: lost, log: log, now: time.Now, queue: make(chan line, queued)}
	queue := l.queue
	l.running.Go(func() { l.write(queue, to) })
	return l
}

// Record notes an event. It does not block: what there is no place for, or comes after Close, is lost, and so are refusals beyond
// 20 in a second.
func (l *Log) Record(event, user, room string, address netip.Addr, reason string) {
	entry := line{Time: l.now().UTC(), Event: event, User: user, Room: room, Reason: reason}
	if address.IsValid() {
		entry.Address = address.Unmap().String()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if event == "refusal" && !l.mayRefuse(entry.Time.Unix()) {
		l.lost(1)
		return
	}
	select {
	case l.queue <- entry: // never, once it is nil
	default:
		l.lost(1)
	}
}

// mayRefuse counts a refusal of this second. mu is held.
func (l *Log) mayRefuse(second int64) bool {
	if second != l.second {
		l.second, l.refusals = second, 0
	}
	l.refusals++
	return l.refusals <= refusalsPerSecond
}

// Close writes what waits, and ends the record. It waits for a disk that is slow.
func (l *Log) Close() {
	l.mu.Lock()
	if l.queue != nil {
		close(l.queue)
		l.queue = nil
	}
	l.mu.Unlock()
	l.running.Wait()
}

// write writes lines until the queue is closed, and flushes whenever none waits. The log is told once when that begins to fail.
func (l *Log) write(queue <-chan line, to io.WriteCloser) {
	defer to.Close()
	buffer := bufio.NewWriter(to)
	unflushed, failing := 0, false
	for entry := range queue {
		text, _ := json.Marshal(entry) // texts and a time can't fail
		buffer.Write(append(text, '\n'))
		if unflushed++; len(queue) > 0 && unflushed < queued {
			continue
		}
		err := buffer.Flush()
		if err != nil {
			l.lost(unflushed)
			buffer.Reset(to) // or it would fail for ever
			if !failing {
				l.log.Error("the audit log can't be written (AUDIT_LOG): records are lost until it can", "error", err)
			}
		}
		unflushed, failing = 0, err != nil
	}
}

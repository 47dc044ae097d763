package attach

import (
	"bufio"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

const (
	quietAfter  = 5 * time.Second  // without a word of the app it is pinged
	silentAfter = 15 * time.Second // and then its link ends
	writeStep   = 256 << 10        // bytes that have to be taken within silentAfter
	byeGrace    = 5 * time.Second  // for an app that leaves to answer what it was given; anew with each of its words
	byeLongest  = silentAfter      // in all
)

// Ended is why a link ended, as logs and metrics name it.
type Ended string

// Why links end.
const (
	AppLeft     Ended = "app left"       // it said BYE
	LinkLost    Ended = "lost"           // the connection broke
	AppSilent   Ended = "silent"         // nothing came for 15 s
	AppStuck    Ended = "stuck"          // it took nothing for 15 s
	BadFrame    Ended = "bad frame"      // what came can't be understood
	AppReplaced Ended = "replaced"       // the same process has dialled again
	ShutDown    Ended = "shutting down"  // Hub.Close
	Overloaded  Ended = "too far behind" // what had to be said to it did not fit any more
)

// link is a connection of one process of the app. Its reader is the goroutine that serves it; a second one writes.
type link struct {
	hub     *Hub
	hello   appHello
	conn    net.Conn
	wake    chan struct{} // of one: there is something to write, or the link is over
	over    chan struct{}
	once    sync.Once
	asks    atomic.Bool  // the app wants to be asked about handshakes
	listens atomic.Bool  // it wants to be told of requests that are turned away
	heard   atomic.Int64 // when something came last, in nanoseconds since the hub began

	// Hub.mu guards these.
	ready   bool
	clients int              // whose owner it is
	untaken map[*client]bool // presented with sockets and not taken yet
	since   uint64           // Hub.arrivals when it became ready: PRESENTED is of those who waited then
	told    bool             // PRESENTED has been said

	mu      lockorder.Mutex[link]
	queue   []byte        // whole frames
	writing []byte        // what the writer is at
	written int           // bytes of it
	behind  []*client     // who holds packets since the queue was full, in order
	room    chan struct{} // closed when there is room again; nil while nobody waits for it
	words   int           // of the hub's that it has been told
	leaving bool          // nothing more is queued
	spared  []byte        // packets that are not written to an app that leaves, since the next process may as well have them
	sparing bool          // they have been taken out
	ended   Ended         // why
	grace   time.Duration
}

func newLink(h *Hub, hello appHello, conn net.Conn) *link {
	l := &link{
		hub: h, hello: hello, conn: conn, wake: make(chan struct{}, 1), over: make(chan struct{}),
		untaken: make(map[*client]bool),
	}
	l.asks.Store(hello.Asks)
	l.listens.Store(hello.Listens)
	return l
}

// end is the only way out. It returns at once; the first reason stays.
func (l *link) end(why Ended) {
	l.once.Do(func() {
		l.mu.Lock()
		if !l.leaving {
			l.ended = why
		}
		l.leaving = true
		l.openRoom()
		l.mu.Unlock()
		close(l.over)
		l.conn.Close()
	})
}

// put queues a frame that must not be lost. An app that is so slow that even these don't fit loses its link. False means that the app
// hears nothing any more.
func (l *link) put(frame []byte) bool {
	l.mu.Lock()
	taken := l.takes()
	if taken {
		l.queue = append(l.queue, frame...)
	}
	full := len(l.queue) > 2*l.hub.options.QueueBytes+l.hub.options.HoldBytes
	l.mu.Unlock()
	if full {
		l.end(Overloaded)
	}
	if taken {
		l.nudge()
	}
	return taken
}

// enter queues that there is a new client, which leaves with what the client says first: that comes in a moment, and one of two ways is
// saved. Of one that says nothing the app hears with anybody's next word, at the latest when the hub sweeps.
func (l *link) enter(f []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.takes() {
		return
	}
	if news := l.hub.words.since(l.words); len(news) > 0 {
		l.words += len(news)
		l.queue = append(l.queue, frame(opWords, appendList(nil, news)...)...)
	}
	l.queue = append(l.queue, f...)
}

// tryPut queues a frame if there is room.
func (l *link) tryPut(frame []byte) bool {
	l.mu.Lock()
	ok := l.takes() && len(l.queue)+len(frame) <= l.hub.options.QueueBytes
	if ok {
		l.queue = append(l.queue, frame...)
	}
	l.mu.Unlock()
	if ok {
		l.nudge()
	}
	return ok
}

// putPacket queues a client's packet. False means that the client has to hold it: it will be looked after when there is room, or
// when the link is over.
func (l *link) putPacket(c *client, parts ...part) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.takes():
		return false
	case l.isFull():
		l.behind = append(l.behind, c)
		return false
	}
	l.queue = appendPacket(l.queue, c.number, parts...)
	l.nudge()
	return true
}

// hasRoom tells whether a client may be presented to it.
func (l *link) hasRoom() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.takes() && !l.isFull()
}

func (l *link) isLeaving() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leaving
}

// slow returns the clients that hold packets since the queue was full.
func (l *link) slow() []*client {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.behind)
}

// takes tells whether something can still be said. mu is held.
func (l *link) takes() bool { return !l.leaving }

func (l *link) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// write is the writer's goroutine.
func (l *link) write() {
	for {
		select {
		case <-l.wake:
		case <-l.over:
			return
		}
		for l.fill() {
			if err := l.flush(); err != nil {
				l.end(whyLost(err))
				return
			}
			l.catchUp()
			l.hub.presentMore()
		}
		if grace, over := l.drained(); over {
			l.endAfter(grace)
			return
		}
	}
}

func whyLost(err error) Ended {
	if isTimeout(err) {
		return AppStuck
	}
	return LinkLost
}

// fill takes what is queued, for flush. False means that there is nothing.
func (l *link) fill() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return false
	}
	spare := l.writing[:0]
	if cap(spare) > keptBuffer {
		spare = nil
	}
	l.writing, l.queue, l.written = l.queue, spare, 0
	return true
}

func (l *link) flush() error {
	for rest := l.spare(l.writing); len(rest) > 0; rest = l.spare(rest) {
		step := rest[:min(len(rest), writeStep)]
		l.conn.SetWriteDeadline(time.Now().Add(silentAfter))
		n, err := l.conn.Write(step)
		l.mu.Lock()
		l.written += n
		l.mu.Unlock()
		l.hub.options.Observer.AppBytes(0, n)
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	l.mu.Lock()
	l.writing, l.written = l.writing[:0], 0
	l.mu.Unlock()
	return nil
}

// catchUp queues what clients hold since the queue was full, for as long as there is room.
func (l *link) catchUp() {
	for {
		l.mu.Lock()
		if l.isFull() || len(l.behind) == 0 {
			l.openRoom()
			l.mu.Unlock()
			return
		}
		c := l.behind[0]
		l.behind = l.behind[1:]
		l.mu.Unlock()
		c.release(l)
	}
}

// isFull tells whether the queue is full. mu is held.
func (l *link) isFull() bool { return len(l.queue) > l.hub.options.QueueBytes }

// roomAgain is closed when it may be tried again to say something: what clients held has been queued, or the app hears nothing any more.
func (l *link) roomAgain() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.room == nil {
		l.room = make(chan struct{})
	}
	room := l.room
	if !l.takes() || len(l.behind) == 0 && !l.isFull() {
		l.openRoom()
	}
	return room
}

// openRoom has those who wait for room try again. mu is held.
func (l *link) openRoom() {
	if l.room != nil {
		close(l.room)
		l.room = nil
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// read does what the app says until the link is over, and returns why.
func (l *link) read(r *bufio.Reader) Ended {
	var buf []byte
	for {
		o, body, next, err := readFrame(r, buf, maxFrame)
		switch {
		case errors.Is(err, errSilent):
			return AppSilent
		case errors.Is(err, errTooLong):
			l.log(err)
			return BadFrame
		case err != nil:
			return LinkLost
		}
		buf = next
		l.hub.options.Observer.AppBytes(headBytes+1+len(body), 0)
		if err := l.obey(o, body); err != nil {
			l.log(err)
			return BadFrame
		}
	}
}

func (l *link) log(err error) {
	l.hub.options.Logger.Error("what the app says can't be understood", "app", l.hello.App, "error", err)
}

// pulse is a link's connection as it is read: a read lasts until something comes, meanwhile the app is pinged, and one that says
// nothing for silentAfter is given up.
type pulse struct{ link *link }

var errSilent = errors.New("the app is silent")

func (p pulse) Read(b []byte) (int, error) {
	for silent := time.Duration(0); ; {
		p.link.conn.SetReadDeadline(time.Now().Add(quietAfter))
		n, err := p.link.conn.Read(b)
		if n > 0 {
			p.link.heard.Store(int64(time.Since(p.link.hub.began)))
		}
		if n > 0 || err == nil || !isTimeout(err) {
			return n, err
		}
		if silent += quietAfter; silent >= silentAfter {
			return 0, errSilent
		}
		p.link.put(frame(opPing, pingBody...))
	}
}

// pingBody is what a pong has to repeat. It says nothing: any word is a sign of life.
var pingBody = make([]byte, 8)

// unsent returns the packets that the app can't have heard, by client and in order. It is called once the writer has ended.
func (l *link) unsent() (all map[uint64][]byte, why Ended) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all = make(map[uint64][]byte)
	gather(all, l.writing, l.written)
	gather(all, l.spared, 0)
	gather(all, l.queue, 0)
	l.queue, l.writing, l.spared, l.behind = nil, nil, nil, nil
	return all, l.ended
}

// gather adds the packets among frames whose end is behind a place.
func gather(all map[uint64][]byte, frames []byte, after int) {
	for at := 0; at < len(frames); {
		whole := firstFrame(frames[at:])
		at += len(whole)
		if number, ok := clientOf(whole, opPacket); ok && at > after {
			all[number] = append(all[number], whole...)
		}
	}
}

// firstFrame is the first of whole frames.
func firstFrame(frames []byte) []byte {
	return frames[:headBytes+binary.BigEndian.Uint32(frames)]
}

// clientOf returns the client that a frame of this kind is about.
func clientOf(whole []byte, kind op) (number uint64, ok bool) {
	if op(whole[headBytes]) != kind {
		return 0, false
	}
	d := decoder{rest: whole[headBytes+1:]}
	return d.uvarint(), true
}

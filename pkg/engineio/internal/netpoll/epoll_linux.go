package netpoll

import (
	"cmp"
	"os"
	"syscall"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// epoll tells which connections have bytes to read, so that no goroutine has to be parked for each
// (2 KiB of stack and 0.5 of its own): see epoll(7). It is itself a file that the runtime's poller
// waits for, and costs one goroutine.
type epoll struct {
	file *os.File
	raw  syscall.RawConn

	mu      lockorder.Mutex[epoll]
	watched []*Conn // by file descriptor
	round   []*Conn // only run uses it
	events  [256]syscall.EpollEvent
	n       int
}

// edge is told once for everything new, urgent data and the end included, without asking again each time.
const edge = syscall.EPOLLIN | syscall.EPOLLPRI | syscall.EPOLLRDHUP | edgeTriggered

// edgeTriggered is EPOLLET, which package syscall has as a negative number.
const edgeTriggered = 1 << 31

func newEpoll() (*epoll, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil { // for NewFile to leave the waiting to the runtime
		syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	e := &epoll{file: os.NewFile(uintptr(fd), "epoll")}
	err = e.file.SetReadDeadline(time.Time{}) // fails where the runtime can't wait for it
	if err == nil {
		e.raw, err = e.file.SyscallConn()
	}
	if err != nil {
		e.file.Close()
		return nil, err
	}
	return e, nil
}

// watch has c.readable called from now on, until forget. An error means that it won't be. C is a connection of
// the kernel's.
func (e *epoll) watch(c *Conn) error {
	var closed, refused error
	err := c.raw.Control(func(fd uintptr) {
		e.set(int(fd), c)
		closed = e.raw.Control(func(own uintptr) {
			event := syscall.EpollEvent{Events: edge, Fd: int32(fd)}
			refused = syscall.EpollCtl(int(own), syscall.EPOLL_CTL_ADD, int(fd), &event)
		})
		if closed != nil || refused != nil {
			e.set(int(fd), nil)
		}
	})
	return cmp.Or(err, closed, refused)
}

// forget is called before the connection is closed; closing takes it out of the kernel's list. It may not
// have been watched.
func (e *epoll) forget(c *Conn) {
	if c.raw != nil {
		c.raw.Control(func(fd uintptr) { e.set(int(fd), nil) })
	}
}

// unwatch is for a connection that stays open. It may not have been watched.
func (e *epoll) unwatch(c *Conn) {
	if c.raw == nil {
		return
	}
	c.raw.Control(func(fd uintptr) {
		e.set(int(fd), nil)
		e.raw.Control(func(own uintptr) { syscall.EpollCtl(int(own), syscall.EPOLL_CTL_DEL, int(fd), nil) })
	})
}

func (e *epoll) set(fd int, c *Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for fd >= len(e.watched) {
		e.watched = append(e.watched, nil)
	}
	e.watched[fd] = c
}

// run ends after close.
func (e *epoll) run() {
	collect := e.collect
	for e.raw.Read(collect) == nil {
		for i, c := range e.ready() {
			e.round[i] = nil
			c.readable()
		}
	}
}

// collect returns false when the runtime is to wait for more.
func (e *epoll) collect(own uintptr) bool {
	for {
		n, err := syscall.EpollWait(int(own), e.events[:], 0)
		if err != syscall.EINTR {
			e.n = max(n, 0)
			return e.n > 0
		}
	}
}

// ready returns whose events were collected. A connection that took over the descriptor of one that
// has just been closed may be among them for nothing: its read finds nothing.
func (e *epoll) ready() []*Conn {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.round = e.round[:0]
	for _, event := range e.events[:e.n] {
		if c := e.watched[event.Fd]; c != nil {
			if event.Events&^syscall.EPOLLIN != 0 { // more, or its end, may be behind a short read
				c.readsOn.Store(true)
			}
			e.round = append(e.round, c)
		}
	}
	return e.round
}

func (e *epoll) close() { e.file.Close() }

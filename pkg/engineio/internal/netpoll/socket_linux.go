package netpoll

import (
	"cmp"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// socket is a TCP connection that the runtime does not wait for: it is read when epoll says so. The runtime's poller would cost it
// system calls, and 584 bytes for good of each descriptor that there once was at the same time. Who waits all the same, as net/http
// does, or a goroutine that writes to a slow reader, has the runtime do so from the first time on.
type socket struct {
	fd   int
	peer netip.AddrPort

	uses    atomic.Int64 // of fd at the moment, and closing on top of them from Close on
	readBy  atomic.Int64 // see sinceStart
	writeBy atomic.Int64

	mu     lockorder.Mutex[socket] // guards waiter, and is held while a deadline is set
	waiter *os.File                // the same descriptor, as the runtime waits for it; nil until somebody does
}

// closing is more than there ever are uses.
const closing = 1 << 32

// use keeps the descriptor from being closed until drop.
func (s *socket) use() error {
	for {
		n := s.uses.Load()
		if n >= closing {
			return net.ErrClosed
		}
		if s.uses.CompareAndSwap(n, n+1) {
			return nil
		}
	}
}

func (s *socket) drop() {
	if s.uses.Add(-1) == closing {
		s.free()
	}
}

// Close is net.Conn's. Whoever waits is told.
func (s *socket) Close() error {
	for {
		n := s.uses.Load()
		if n >= closing {
			return s.fault("close", net.ErrClosed)
		}
		if s.uses.CompareAndSwap(n, n+closing) {
			if n == 0 {
				s.free()
			}
			return nil
		}
	}
}

// free closes the descriptor, which nobody uses any more but those who wait.
func (s *socket) free() {
	s.mu.Lock()
	waiter := s.waiter
	s.mu.Unlock()
	if waiter != nil {
		waiter.Close()
		return
	}
	closeNow(s.fd)
}

// waiting returns the socket for those who wait.
func (s *socket) waiting() (*os.File, error) {
	if err := s.use(); err != nil {
		return nil, err
	}
	defer s.drop()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiter == nil {
		s.waiter = os.NewFile(uintptr(s.fd), "socket")
		s.waiter.SetReadDeadline(timeOf(s.readBy.Load()))
		s.waiter.SetWriteDeadline(timeOf(s.writeBy.Load()))
	}
	return s.waiter, nil
}

// Read is net.Conn's.
func (s *socket) Read(p []byte) (n int, err error) {
	waiter, err := s.waiting()
	if err == nil {
		n, err = waiter.Read(p)
	}
	return n, s.fault("read", err)
}

// Write is net.Conn's. It waits only if it has to.
func (s *socket) Write(p []byte) (n int, err error) {
	try := pushes.Get().(*push)
	n, err = try.writeRaw((*rawSocket)(s), p)
	pushes.Put(try)
	if err != nil || n == len(p) {
		return n, s.fault("write", err)
	}
	var more int
	waiter, err := s.waiting()
	if err == nil {
		more, err = waiter.Write(p[n:])
	}
	return n + more, s.fault("write", err)
}

// CloseWrite tells the peer that nothing more will come.
func (s *socket) CloseWrite() (err error) {
	closed := (*rawSocket)(s).Control(func(fd uintptr) { err = syscall.Shutdown(int(fd), syscall.SHUT_WR) })
	return s.fault("close", cmp.Or(closed, err))
}

// fault tells an error as package net does, for net/http to know a deadline by.
func (s *socket) fault(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if of := (*os.PathError)(nil); errors.As(err, &of) {
		err = of.Err
	}
	if errors.Is(err, os.ErrClosed) {
		err = net.ErrClosed
	}
	if errno, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError(op, errno)
	}
	return &net.OpError{Op: op, Net: "tcp", Addr: s.RemoteAddr(), Err: err}
}

// RemoteAddr and what follows is net.Conn's.
func (s *socket) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(s.peer) }

func (s *socket) LocalAddr() net.Addr {
	var here netip.AddrPort
	(*rawSocket)(s).Control(func(fd uintptr) { here, _ = ownName(fd) })
	return net.TCPAddrFromAddrPort(here)
}

func (s *socket) SetDeadline(t time.Time) error {
	return s.setDeadline(t, (*os.File).SetDeadline, &s.readBy, &s.writeBy)
}

func (s *socket) SetReadDeadline(t time.Time) error {
	return s.setDeadline(t, (*os.File).SetReadDeadline, &s.readBy)
}

func (s *socket) SetWriteDeadline(t time.Time) error {
	return s.setDeadline(t, (*os.File).SetWriteDeadline, &s.writeBy)
}

func (s *socket) setDeadline(t time.Time, ofWaiter func(*os.File, time.Time) error, by ...*atomic.Int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, by := range by {
		by.Store(sinceStart(t))
	}
	if s.waiter == nil {
		return nil
	}
	return s.fault("set", ofWaiter(s.waiter, t))
}

// sinceStart is a deadline in nanoseconds since clockStart, zero where there is none.
func sinceStart(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return cmp.Or(int64(t.Sub(clockStart)), -1)
}

func timeOf(by int64) time.Time {
	if by == 0 {
		return time.Time{}
	}
	return clockStart.Add(time.Duration(by))
}

// SyscallConn is syscall.Conn's.
func (s *socket) SyscallConn() (syscall.RawConn, error) { return (*rawSocket)(s), nil }

// rawSocket is a socket as a syscall.RawConn, on which nobody waits: a function that asks for it is called once all the same.
type rawSocket socket

func (r *rawSocket) Control(f func(fd uintptr)) error {
	s := (*socket)(r)
	if err := s.use(); err != nil {
		return err
	}
	defer s.drop()
	f(uintptr(s.fd))
	return nil
}

func (r *rawSocket) Read(f func(fd uintptr) bool) error  { return r.do(f, &r.readBy) }
func (r *rawSocket) Write(f func(fd uintptr) bool) error { return r.do(f, &r.writeBy) }

func (r *rawSocket) do(f func(fd uintptr) bool, by *atomic.Int64) error {
	s := (*socket)(r)
	if by := by.Load(); by != 0 && int64(time.Since(clockStart)) >= by {
		return os.ErrDeadlineExceeded
	}
	if err := s.use(); err != nil {
		return err
	}
	defer s.drop()
	f(uintptr(s.fd))
	return nil
}

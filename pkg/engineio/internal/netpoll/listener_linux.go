package netpoll

import (
	"net"
	"os"
	"syscall"
	"time"
)

// Listen returns a listener whose connections the runtime does not wait for, if l is the kernel's own, of TCP; else it returns l.
// Connections have TCP_NODELAY, as those of package net, and otherwise the options of the listening socket. One goroutine at a time accepts.
func Listen(l net.Listener) net.Listener {
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return l
	}
	own, err := listenTo(tcp)
	if err != nil { // there is no descriptor to be had
		return l
	}
	return own
}

type listener struct {
	*net.TCPListener
	file *os.File // a copy of the descriptor: package net lets nobody wait for its own
	raw  syscall.RawConn

	take func(fd uintptr) bool // accepts, and leaves what it gets in the rest
	fd   int
	from syscall.RawSockaddrAny
	err  error
}

func listenTo(tcp *net.TCPListener) (*listener, error) {
	file, err := tcp.File()
	if err != nil {
		return nil, err
	}
	l := &listener{TCPListener: tcp, file: file}
	l.take = l.tryAccept
	err = file.SetReadDeadline(time.Time{}) // fails where the runtime can't wait for it
	if err == nil {
		l.raw, err = file.SyscallConn()
	}
	if err == nil { // connections inherit it
		err = l.raw.Control(func(fd uintptr) { l.err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1) })
	}
	if err == nil && l.err == nil {
		return l, nil
	}
	file.Close()
	return nil, net.ErrClosed
}

// tryAccept returns false when the runtime is to wait.
func (l *listener) tryAccept(fd uintptr) (done bool) {
	l.fd, l.err = acceptNow(fd, &l.from)
	return l.err != syscall.EAGAIN
}

// Accept is net.Listener's.
func (l *listener) Accept() (net.Conn, error) {
	for {
		if l.raw.Read(l.take) != nil {
			return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
		}
		switch l.err {
		case nil:
			return &socket{fd: l.fd, peer: addrPortOf(&l.from)}, nil
		case syscall.EINTR, syscall.ECONNABORTED: // the client has gone again
		default:
			return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: os.NewSyscallError("accept4", l.err)}
		}
	}
}

// Close is net.Listener's.
func (l *listener) Close() error {
	l.file.Close()
	return l.TCPListener.Close()
}

package engineio

import (
	"io"
	"net"
)

// pipe moves the bytes of a connection without ever waiting.
type pipe interface {
	// read reads into r what is there; r.n is 0 without an error when nothing is.
	read(r *reading)
	// write returns how much of data was taken; less than all means that there is no room.
	write(p *push, data []byte) (int, error)
}

// Polled is a connection that says when it can be read, and is therefore served without a goroutine
// of its own, as TCP connections are on Linux. The engine uses it when a hijacked connection is one.
type Polled interface {
	net.Conn
	// Notify sets what to call when bytes have come, or the end of them. It may be called too often,
	// by any goroutine, and returns at once.
	Notify(ready func())
	// TryRead and TryWrite do what can be done at once: 0 without an error means nothing. A TryRead
	// that neither fills p nor returns an error has read all that there is, and not met the end.
	// They respect deadlines and may be called at the same time as each other.
	TryRead(p []byte) (int, error)
	TryWrite(p []byte) (int, error)
}

// newPipe returns nil for connections that can only be waited for: TLS, net.Pipe, and types of the caller's.
func newPipe(conn net.Conn) pipe {
	if p, ok := conn.(Polled); ok {
		return polledPipe{p}
	}
	return newDescriptor(conn)
}

// isKernels tells whether a connection is the kernel's own. A type that embeds one, to read and write otherwise,
// has all its methods too, and must not be passed by.
func isKernels(conn net.Conn) bool {
	switch conn.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}

type polledPipe struct{ Polled }

func (p polledPipe) read(r *reading) { r.n, r.err = p.TryRead(r.buffer[:]) }

func (p polledPipe) write(_ *push, data []byte) (int, error) { return p.TryWrite(data) }

// readBlocking waits for bytes, or for the end.
func readBlocking(conn net.Conn, r *reading) {
	r.n, r.err = conn.Read(r.buffer[:])
	switch {
	case r.n > 0:
		r.err = nil
	case r.err == nil:
		r.err = io.ErrNoProgress
	}
}

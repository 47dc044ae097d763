//go:build unix

package netpoll

import (
	"io"
	"net"
	"syscall"
)

// rawOf returns nil for connections that are not the kernel's own: TLS, net.Pipe, and types of the caller's.
func rawOf(conn net.Conn) syscall.RawConn {
	if !IsKernels(conn) {
		return nil
	}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

func (r *reading) readRaw(raw syscall.RawConn) {
	if r.pull.read == nil { // made once: a closure per read would be garbage
		r.pull.read = r.readFrom
	}
	r.n, r.err = 0, nil
	if err := raw.Read(r.pull.read); err != nil {
		r.err = err
	}
}

// pull is what a reading keeps for descriptors.
type pull struct{ read func(fd uintptr) bool }

// readFrom always returns true, by which the runtime does not wait for the descriptor.
func (r *reading) readFrom(fd uintptr) bool {
	for {
		n, err := readNow(fd, r.buffer[:])
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
		case err != nil:
			r.err = err
		case n == 0:
			r.err = io.EOF
		default:
			r.n = n
		}
		return true
	}
}

// push is what a flush loop keeps for descriptors.
type push struct {
	data  []byte
	n     int
	err   error
	write func(fd uintptr) bool
}

func (p *push) writeRaw(raw syscall.RawConn, data []byte) (int, error) {
	if p.write == nil {
		p.write = p.writeTo
	}
	p.data, p.n, p.err = data, 0, nil
	err := raw.Write(p.write)
	p.data = nil
	if err == nil {
		err = p.err
	}
	return p.n, err
}

func (p *push) writeTo(fd uintptr) bool {
	for p.n < len(p.data) {
		n, err := writeNow(fd, p.data[p.n:])
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return true
		case err != nil:
			p.err = err
			return true
		}
		p.n += n
	}
	return true
}

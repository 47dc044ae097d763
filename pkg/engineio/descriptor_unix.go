//go:build unix

package engineio

import (
	"io"
	"net"
	"syscall"
)

// descriptor is a connection of the kernel's.
type descriptor struct{ syscall.RawConn }

func newDescriptor(conn net.Conn) pipe {
	if !isKernels(conn) {
		return nil
	}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil
	}
	return descriptor{raw}
}

func (d descriptor) read(r *reading) {
	if r.pull.try == nil { // made once: a closure per read would be garbage
		r.pull.try = r.readDescriptor
	}
	r.n, r.err = 0, nil
	if err := d.Read(r.pull.try); err != nil {
		r.err = err
	}
}

// pull is what a reading keeps for descriptors.
type pull struct{ try func(fd uintptr) bool }

// readDescriptor always returns true: nobody is to wait.
func (r *reading) readDescriptor(fd uintptr) bool {
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
	data []byte
	n    int
	err  error
	try  func(fd uintptr) bool
}

func (d descriptor) write(p *push, data []byte) (int, error) {
	if p.try == nil {
		p.try = p.writeDescriptor
	}
	p.data, p.n, p.err = data, 0, nil
	err := d.Write(p.try)
	p.data = nil
	if err == nil {
		err = p.err
	}
	return p.n, err
}

func (p *push) writeDescriptor(fd uintptr) bool {
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

//go:build unix

package engineio

import (
	"io"
	"net"
	"syscall"
)

// pipe reads and writes a connection without a buffer of its own and without blocking a writer.
// It is empty for connections that are not file descriptors: TLS, and pipes in tests.
type pipe struct {
	raw  syscall.RawConn
	got  *reading
	pull func(fd uintptr) bool // made once: a closure per read would be garbage
}

func newPipe(conn net.Conn) pipe {
	if s, ok := conn.(syscall.Conn); ok {
		if raw, err := s.SyscallConn(); err == nil {
			return pipe{raw: raw}
		}
	}
	return pipe{}
}

// direct tells whether push may be used.
func (p *pipe) direct() bool { return p.raw != nil }

// read waits for bytes, or for the end. The goroutine is parked in the runtime's poller meanwhile,
// and a buffer is borrowed only once there is something to read.
func (p *pipe) read(conn net.Conn) *reading {
	if p.raw == nil {
		return readBlocking(conn)
	}
	if p.pull == nil {
		p.pull = p.readable
	}
	if err := p.raw.Read(p.pull); err != nil {
		r := readings.Get().(*reading)
		r.n, r.err = 0, err
		return r
	}
	r := p.got
	p.got = nil
	return r
}

func (p *pipe) readable(fd uintptr) bool {
	r := readings.Get().(*reading)
	for {
		r.n, r.err = syscall.Read(int(fd), r.buffer[:])
		if r.err != syscall.EINTR {
			break
		}
	}
	if r.err == syscall.EAGAIN {
		readings.Put(r)
		return false
	}
	if r.n == 0 && r.err == nil {
		r.err = io.EOF
	}
	p.got = r
	return true
}

// push writes what the kernel takes at once.
type push struct {
	data []byte
	n    int
	err  error
	try  func(fd uintptr) bool
}

// write returns how much of data the kernel took; less than all means that its buffer is full.
func (p *push) write(raw syscall.RawConn, data []byte) (int, error) {
	if p.try == nil {
		p.try = p.writable
	}
	p.data, p.n, p.err = data, 0, nil
	err := raw.Write(p.try)
	p.data = nil
	if err == nil {
		err = p.err
	}
	return p.n, err
}

func (p *push) writable(fd uintptr) bool {
	for p.n < len(p.data) {
		n, err := syscall.Write(int(fd), p.data[p.n:])
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

//go:build !unix

package engineio

import (
	"errors"
	"net"
	"syscall"
)

// pipe is empty where sockets are not file descriptors: connections are read and written blocking.
type pipe struct{ raw syscall.RawConn }

func newPipe(net.Conn) pipe { return pipe{} }

func (p *pipe) direct() bool { return false }

func (p *pipe) read(conn net.Conn) *reading { return readBlocking(conn) }

type push struct{}

func (p *push) write(syscall.RawConn, []byte) (int, error) {
	return 0, errors.ErrUnsupported
}

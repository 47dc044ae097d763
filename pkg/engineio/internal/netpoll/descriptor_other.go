//go:build !unix

package netpoll

import (
	"errors"
	"net"
	"syscall"
)

// rawOf returns nil: sockets are not file descriptors here.
func rawOf(net.Conn) syscall.RawConn { return nil }

type pull struct{}

func (*reading) readRaw(syscall.RawConn) {}

type push struct{}

func (*push) writeRaw(syscall.RawConn, []byte) (int, error) { return 0, errors.ErrUnsupported }

//go:build !unix

package engineio

import "net"

// newDescriptor returns nil where sockets are not file descriptors.
func newDescriptor(net.Conn) pipe { return nil }

type pull struct{}

type push struct{}

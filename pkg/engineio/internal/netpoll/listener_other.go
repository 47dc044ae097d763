//go:build !linux

package netpoll

import "net"

// Listen is of use where there is epoll.
func Listen(l net.Listener) net.Listener { return l }

// socket is Linux's.
type socket struct{ net.Conn }

//go:build !linux

package netpoll

import "errors"

// epoll is Linux's; elsewhere a goroutine waits for each connection.
type epoll struct{}

func newEpoll() (*epoll, error) { return nil, errors.ErrUnsupported }

func (*epoll) watch(*Conn) error { return errors.ErrUnsupported }
func (*epoll) forget(*Conn)      {}
func (*epoll) unwatch(*Conn)     {}
func (*epoll) run()              {}
func (*epoll) close()            {}

//go:build !linux

package engineio

import "errors"

// epoll is Linux's; elsewhere a goroutine waits for each connection.
type epoll struct{}

func newEpoll() (*epoll, error) { return nil, errors.ErrUnsupported }

func (*epoll) watch(*websocket) error { return errors.ErrUnsupported }
func (*epoll) forget(*websocket)      {}
func (*epoll) run()                   {}
func (*epoll) close()                 {}

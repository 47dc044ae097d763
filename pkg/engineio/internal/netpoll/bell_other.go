//go:build !linux

package netpoll

import "runtime"

// bell is Linux's.
type bell struct{}

func (*bell) open()  {}
func (*bell) close() {}

func (*bell) await() (heard bool) {
	runtime.Gosched()
	return false
}

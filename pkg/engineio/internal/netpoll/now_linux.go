//go:build !race

package netpoll

import (
	"syscall"
	"unsafe"
)

// readNow and writeNow are read(2) and write(2) on a descriptor that never blocks, with at least one
// byte. They don't tell the runtime: it would take a call of 20 us for one that blocks, as a write to
// a socket may take, and start another thread in its place.

func readNow(fd uintptr, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	return result(n, errno)
}

func writeNow(fd uintptr, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	return result(n, errno)
}

func result(n uintptr, errno syscall.Errno) (int, error) {
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

package netpoll

import (
	"encoding/binary"
	"os"
	"runtime"
	"syscall"
	"time"
)

// bell is what a goroutine rings and waits for itself. The runtime looks for events of the network when nothing else is to be done,
// or every 10 ms: that the ringing comes means that all others have run, and that whatever had come by then has been found too.
type bell struct {
	file *os.File
	raw  syscall.RawConn // nil where there is no descriptor to be had
}

func (b *bell) open() {
	fd, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		return
	}
	b.file = os.NewFile(fd, "eventfd")
	if b.file.SetReadDeadline(time.Time{}) == nil { // fails where the runtime can't wait for it
		b.raw, _ = b.file.SyscallConn()
	}
}

func (b *bell) close() {
	if b.file != nil {
		b.file.Close()
	}
}

// one is how an eventfd wants to be rung, eventfd(2).
var one = binary.NativeEndian.AppendUint64(nil, 1)

// await returns false at once where there is no bell, or none any more.
func (b *bell) await() (heard bool) {
	if b.raw == nil {
		runtime.Gosched()
		return false
	}
	var fault error
	rung := false
	ring := func(fd uintptr) (done bool) {
		if !rung {
			rung = true
			_, fault = syscall.Write(int(fd), one)
			return fault != nil
		}
		return true
	}
	if err := b.raw.Read(ring); err != nil || fault != nil {
		runtime.Gosched()
		return false
	}
	return true
}

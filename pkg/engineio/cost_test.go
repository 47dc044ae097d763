//go:build unix

package engineio

import (
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// cpuTime is what the process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// costGrowsWith checks that 16 times as much work costs about 16 times the CPU, and not the square of it. A test that calls it
// is not parallel: the CPU is that of the process.
func costGrowsWith(t *testing.T, size int, work func(size int)) {
	t.Helper()
	cost := func(size int) time.Duration {
		start := cpuTime()
		work(size)
		return cpuTime() - start
	}
	const times = 16
	little, much := time.Hour, time.Hour
	for range 5 { // the collector works meanwhile, too: one good measurement is enough
		little, much = min(little, cost(size)), min(much, cost(times*size))
		if much < 4*times*little {
			return
		}
	}
	t.Errorf("%d took %v of CPU, %d times as much %v", size, little, times, much)
}

// A client that sends a long frame byte by byte must not make each byte cost the whole frame.
func TestWorkForALongFrameGrowsWithItsLength(t *testing.T) {
	costGrowsWith(t, 20_000, func(length int) {
		data := frame(finText, strings.Repeat("x", length))
		var a assembly
		var h heard
		d := new(decoder)
		for i := range data {
			a.feed(d, data[i:i+1], limited{&h, length})
		}
	})
}

// Each message of 200 KB was 450 KB of garbage, and ten of them a collection.
func TestLargeMessagesOneAfterTheOtherMakeLittleGarbage(t *testing.T) {
	const length, messages, piece = 200_000, 50, 4096
	data := frame(finText, strings.Repeat("x", length))
	pieces := make([]byte, piece)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range messages {
		var a assembly
		for rest := data; len(rest) > 0; {
			n := copy(pieces, rest)
			if err := a.feed(new(decoder), pieces[:n], deaf{}); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / messages; each > length { // the race detector has pools lose a quarter
		t.Errorf("%d bytes of garbage for a message of %d", each, length)
	}
}

// deaf is a sink that takes everything.
type deaf struct{}

func (deaf) frame(ws.OpCode, []byte) bool { return true }
func (deaf) limit() int                   { return 1 << 20 }

// A POST of nothing but separators, or of very many messages, costs what its bytes do.
func TestPayloadOfAMillionPackets(t *testing.T) {
	h := newRecorder()
	h.heard = func([]byte) {}
	_, address := serve(t, h, Options{})
	p := pollerOf(t, address).open()
	costGrowsWith(t, 31_250, func(packets int) {
		if got := p.post(strings.Repeat("6\x1e", packets-1) + "4a"); got.status != 200 || got.body != "ok" {
			t.Errorf("got %d %q", got.status, got.body)
		}
		p.expect("4a")
	})
	p.says(strings.Repeat("\x1e", 1_000_000))
	if reason := within(t, h.closed, "the end"); reason != ParseError {
		t.Errorf("reason %q, want %q", reason, ParseError)
	}
}

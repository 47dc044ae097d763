package netpoll

import (
	"errors"
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"
)

// Who can't be watched (the kernel has no room, say) gets a goroutine, and must not be left to nobody.
func TestConnectionThatEpollRefusesIsKnownToBeUnwatched(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	e, err := newEpoll()
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	c := &Conn{Conn: conn, raw: rawOf(conn)}
	if err := e.watch(c); err != nil {
		t.Fatal(err)
	}
	if err := e.watch(c); !errors.Is(err, syscall.EEXIST) {
		t.Errorf("watched twice: %v, want EEXIST", err)
	}
}

// A read stops at urgent data, and so short of what is behind it, of which epoll told before.
func TestUrgentDataHidesNothing(t *testing.T) {
	t.Parallel()
	_, address := serve(t, plain)
	for range 50 {
		c := dial(t, address)
		raw, err := c.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			err = errors.Join(
				syscall.Sendto(int(fd), []byte("before!"), syscall.MSG_OOB, nil),
				syscall.Sendto(int(fd), []byte("behind"), 0, nil))
		})
		if err != nil {
			t.Fatal(err)
		}
		hears(t, c, "before") // the last byte was urgent, and not a part of the stream
		hears(t, c, "behind")
		c.Close()
	}
}

// Not parallel: it leaves the process no descriptors for a while. A poller whose first connection came then must not
// spend a goroutine on each connection for ever.
func TestEpollIsTriedAgainAfterAShortageOfDescriptors(t *testing.T) {
	p, address := serve(t, plain)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	const forOneClient = 2 // its end and ours
	set := func(most uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: most, Max: limit.Max}); err != nil {
			t.Fatal(err)
		}
	}
	set(lowestFree(t) + forOneClient)
	defer set(limit.Cur)
	first := dial(t, address)
	echoes(t, first, "hello")
	if p.epoll.Load() != nil {
		t.Fatal("there were descriptors for an epoll: the test tests nothing")
	}
	set(limit.Cur)
	echoes(t, dial(t, address), "hello")
	if p.epoll.Load() == nil {
		t.Error("the poller has no epoll yet")
	}
	echoes(t, first, "still here")
}

// lowestFree fills what is free below the descriptor that it returns.
func lowestFree(t *testing.T) uint64 {
	t.Helper()
	highest := 0
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		fd, _ := strconv.Atoi(entry.Name())
		highest = max(highest, fd)
	}
	for {
		filler, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { filler.Close() })
		if fd := int(filler.Fd()); fd > highest {
			return uint64(fd) + 1
		}
	}
}

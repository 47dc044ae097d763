package engineio

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
	c := &websocket{conn: conn, pipe: newPipe(conn)}
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
	h := newRecorder()
	heard := make(chan string, 2)
	h.heard = func(data []byte) { heard <- string(data) }
	_, address := serve(t, h, Options{})
	for range 50 {
		c := dialOpen(t, address)
		raw, err := c.conn.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			err = errors.Join(
				syscall.Sendto(int(fd), append(frame(finText, "4before"), '!'), syscall.MSG_OOB, nil),
				syscall.Sendto(int(fd), frame(finText, "4behind"), 0, nil))
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"before", "behind"} {
			if got := within(t, heard, "the message "+want); got != want {
				t.Fatalf("heard %q, want %q", got, want)
			}
		}
		c.conn.Close()
	}
}

// Not parallel: it leaves the process no descriptors for a while. A server whose first client came then must not
// spend a goroutine on each of its clients for ever.
func TestEpollIsTriedAgainAfterAShortageOfDescriptors(t *testing.T) {
	server, address := serve(t, newRecorder(), Options{})
	greets := func(c *client) {
		t.Helper()
		c.skipOpen()
		c.send("4hello")
		c.expect("4hello")
	}
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
	greets(first)
	if server.readiness.epoll.Load() != nil {
		t.Fatal("there were descriptors for an epoll: the test tests nothing")
	}
	set(limit.Cur)
	greets(dial(t, address))
	if server.readiness.epoll.Load() == nil {
		t.Error("the server has no epoll yet")
	}
	first.send("4still here")
	first.expect("4still here")
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

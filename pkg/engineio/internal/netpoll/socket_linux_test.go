package netpoll

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

// pair returns both ends of a connection that Listen's listener accepted.
func pair(t *testing.T) (here *socket, there *net.TCPConn) {
	t.Helper()
	l := listen(t)
	there = dial(t, l.Addr().String()).(*net.TCPConn)
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*socket), there
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l = Listen(l)
	t.Cleanup(func() { l.Close() })
	return l
}

func isTimeout(err error) bool {
	of := net.Error(nil)
	return errors.As(err, &of) && of.Timeout()
}

// Go's runtime keeps 584 bytes of each descriptor that it ever waited for.
func TestTheRuntimeWaitsForNoConnectionThatAPollerHas(t *testing.T) {
	t.Parallel()
	p := New()
	defer p.Close()
	conn, there := pair(t)
	gone := make(chan struct{})
	e := &echo{gone: func() { close(gone) }}
	p.Init(&e.conn, conn, e)
	e.conn.Start()
	echoes(t, there, "hello")
	conn.mu.Lock()
	if conn.waiter != nil {
		t.Error("it waits")
	}
	conn.mu.Unlock()
	there.Close()
	<-gone
}

func TestAnAcceptedConnectionIsLikeOneOfPackageNet(t *testing.T) {
	t.Parallel()
	conn, there := pair(t)
	if got, want := conn.RemoteAddr().String(), there.LocalAddr().String(); got != want {
		t.Errorf("the peer is %s, want %s", got, want)
	}
	if got, want := conn.LocalAddr().String(), there.RemoteAddr().String(); got != want {
		t.Errorf("it is %s, want %s", got, want)
	}
	(*rawSocket)(conn).Control(func(fd uintptr) {
		if on, err := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY); on == 0 || err != nil {
			t.Errorf("what is written waits for what was written before: %v", err)
		}
	})
	io.WriteString(there, "hello")
	hears(t, conn, "hello")
	io.WriteString(conn, "hello")
	hears(t, there, "hello")
	conn.CloseWrite()
	if _, err := there.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after CloseWrite: %v", err)
	}
	there.Close()
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after the peer's end: %v", err)
	}
}

// net/http ends a read of its own by a deadline in the past, and goes on afterwards.
func TestADeadlineEndsWhoWaits(t *testing.T) {
	t.Parallel()
	conn, there := pair(t)
	waits := make(chan error)
	go func() { _, err := conn.Read(make([]byte, 1)); waits <- err }()
	conn.SetReadDeadline(past)
	if err := <-waits; !isTimeout(err) {
		t.Errorf("a read that waited ended by %v", err)
	}
	conn.SetReadDeadline(time.Time{})
	io.WriteString(there, "hello")
	hears(t, conn, "hello")

	go func() {
		n, err := conn.Write(make([]byte, 64<<20))
		if n == 0 || n == 64<<20 {
			t.Errorf("%d bytes were written to a peer that does not read", n)
		}
		waits <- err
	}()
	there.Read(make([]byte, 1))
	conn.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	if err := <-waits; !isTimeout(err) {
		t.Errorf("a write that waited ended by %v", err)
	}
	if _, err := conn.Write([]byte("x")); !isTimeout(err) {
		t.Errorf("after the deadline: %v", err)
	}
}

// Cut has a poller's reads and writes fail, on a connection for which nobody waits.
func TestADeadlineHoldsForThoseWhoDoNotWait(t *testing.T) {
	t.Parallel()
	conn, there := pair(t)
	io.WriteString(there, "hello")
	conn.SetDeadline(past)
	raw := rawOf(conn)
	called := func(uintptr) bool { t.Error("it was read or written"); return true }
	if err := errors.Join(raw.Read(called), raw.Write(called)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("ended by %v", err)
	}
	if _, err := conn.Read(make([]byte, 5)); !isTimeout(err) { // who waits from now on is told, too
		t.Errorf("ended by %v", err)
	}
}

func TestCloseEndsWhoWaits(t *testing.T) {
	t.Parallel()
	conn, _ := pair(t)
	waits := make(chan error)
	go func() { _, err := conn.Read(make([]byte, 1)); waits <- err }()
	for { // until it does
		conn.mu.Lock()
		waiting := conn.waiter != nil
		conn.mu.Unlock()
		if waiting {
			break
		}
	}
	conn.Close()
	if err := <-waits; !errors.Is(err, net.ErrClosed) {
		t.Errorf("it was told %v", err)
	}
	if err := conn.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
}

// Whoever reads from a number that is another connection's by now has its bytes.
func TestADescriptorIsNotClosedUnderItsUsers(t *testing.T) {
	t.Parallel()
	for range 200 {
		conn, _ := pair(t)
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				for (*rawSocket)(conn).Control(func(fd uintptr) {
					if here, err := ownName(fd); err != nil || here.String() != conn.LocalAddr().String() && conn.uses.Load() < closing {
						t.Errorf("the descriptor is another's: %v", err)
					}
				}) == nil {
				}
			})
		}
		all.Go(func() { conn.SetDeadline(past); conn.Write([]byte("x")); conn.Read(make([]byte, 1)) })
		all.Go(func() { conn.Close() })
		all.Wait()
	}
}

func TestAClosedListenerLetsGoOfWhoAccepts(t *testing.T) {
	t.Parallel()
	l := listen(t)
	accepting := make(chan error)
	go func() { _, err := l.Accept(); accepting <- err }()
	l.Close()
	if err := <-accepting; !errors.Is(err, net.ErrClosed) {
		t.Errorf("it was told %v", err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("somebody still listens")
	}
}

// Not parallel: it leaves the process no descriptors for a while. An http.Server waits and accepts again after an error that is temporary,
// and ends after others.
func TestAShortageOfDescriptorsIsTemporary(t *testing.T) {
	l := listen(t)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	const forOneEnd = 1
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: lowestFree(t) + forOneEnd, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	dial(t, l.Addr().String())
	_, err := l.Accept()
	if of := (*net.OpError)(nil); !errors.As(err, &of) || !of.Temporary() {
		t.Errorf("it was told %v", err)
	}
}

func TestWhoReadsLateGetsAllInOrder(t *testing.T) {
	t.Parallel()
	_, address := serve(t, plain)
	conn := dial(t, address)
	said := bytes.Repeat([]byte("0123456789abcdef-"), 1<<20)
	if _, err := conn.Write(said); err != nil { // far more than fits between both ends: the echo waits
		t.Fatal(err)
	}
	got := make([]byte, len(said))
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, said) {
		t.Errorf("something else came, %v", err)
	}
}

package netpoll

import (
	"bytes"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// counter is the Owner of a connection that says nothing, and counts what it hears.
type counter struct {
	echo
	heard int
}

func (c *counter) Received(data []byte) { c.heard += len(data) }

// connection returns both ends of one over TCP.
func connection(t *testing.T) (client, server net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client = dial(t, listener.Addr().String())
	server, err = listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}

// Whoever makes much work by few bytes would else keep all others waiting for as many reads as a turn may have.
func TestATurnEndsWhenItsTimeIsOverAndGoesOnLater(t *testing.T) {
	t.Parallel()
	client, conn := connection(t)
	p := New()
	defer p.Close()
	owner := new(counter)
	p.Init(&owner.conn, conn, owner) // not started: the test is its worker
	defer owner.conn.Close()

	const size = 3 * readSize
	if _, err := client.Write(bytes.Repeat([]byte("x"), size)); err != nil {
		t.Fatal(err)
	}
	if how := owner.conn.hear(time.Now()); how != busy || owner.heard != 0 {
		t.Errorf("after its time it heard %d bytes and is %d, want %d", owner.heard, how, busy)
	}
	for deadline := time.Now().Add(patience); owner.heard < size; {
		if how := owner.conn.hear(deadline); how == gone || time.Now().After(deadline) {
			t.Fatalf("it heard %d bytes of %d", owner.heard, size)
		}
	}
}

// eager is the Owner of a connection that has something to do whenever it is asked.
type eager struct {
	echo
	asked atomic.Int64
	over  atomic.Bool
}

func (e *eager) Listening() bool {
	if e.asked.Add(1) > 10_000 {
		e.over.Store(true)
	}
	if !e.over.Load() {
		e.conn.TurnAgain()
	}
	return true
}

func TestATurnEndsAlsoForWhoeverAlwaysHasSomethingToDo(t *testing.T) {
	t.Parallel()
	client, conn := connection(t)
	p := New()
	defer p.Close()
	gone := make(chan struct{})
	owner := &eager{echo: echo{gone: func() { close(gone) }}}
	p.Init(&owner.conn, conn, owner) // not started: the test is its first worker
	if dear := owner.conn.attend(); !dear || owner.over.Load() {
		t.Errorf("it was asked %d times in one turn, which was dear: %v", owner.asked.Load(), dear)
	}
	owner.over.Store(true)
	client.Close()
	owner.conn.Start()
	select {
	case <-gone:
	case <-time.After(patience):
		t.Fatal("its end was not noticed")
	}
}

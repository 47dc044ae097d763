package store

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy stands between a store and Postgres and does what networks do.
type proxy struct {
	swallow atomic.Bool // lose the server's next reply and cut the connection: the server has done its part
	refuse  atomic.Bool // cut new connections
	mute    atomic.Bool // say nothing once the start-up of a connection is done
	lost    atomic.Int32
}

// newProxy gives a proxy and the URL that leads through it.
func newProxy(t testing.TB, database string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	must(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &proxy{}
	var running sync.WaitGroup
	t.Cleanup(func() { listener.Close(); running.Wait() })
	server := u.Host
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			if p.refuse.Load() {
				client.Close()
				continue
			}
			running.Go(func() { p.relay(t, client, server) })
		}
	})
	u.Host = listener.Addr().String()
	return p, u.String()
}

// readyForQuery is how Postgres ends a start-up.
var readyForQuery = []byte{'Z', 0, 0, 0, 5}

func (p *proxy) relay(t testing.TB, client net.Conn, address string) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer server.Close()
	gone := make(chan struct{})
	go func() { io.Copy(server, client); server.Close(); close(gone) }()
	buffer := make([]byte, 1<<16)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		if p.swallow.CompareAndSwap(true, false) {
			p.lost.Add(1)
			return
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
		if p.mute.Load() && bytes.Contains(buffer[:n], readyForQuery) {
			<-gone
			return
		}
	}
}

// awakeNow makes the idle store believe that its connection has just answered, so that the next thing it
// sends is the insert.
func (s *Store) awakeNow() { s.table.(*postgres).used = time.Now().Add(time.Minute) }

package dbtest

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy stands before Postgres and does what networks do.
type Proxy struct {
	Swallow atomic.Bool  // lose the server's next reply and cut the connection: the server has done its part
	Refuse  atomic.Bool  // cut new connections
	Mute    atomic.Bool  // say nothing once the start-up of a connection is done
	Lost    atomic.Int32 // counts the replies that were swallowed
}

// NewProxy starts a proxy and gives the URL that leads through it.
func NewProxy(t testing.TB, database string) (*Proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{}
	var running sync.WaitGroup
	t.Cleanup(func() { listener.Close(); running.Wait() })
	server := u.Host
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			if p.Refuse.Load() {
				client.Close()
				continue
			}
			running.Go(func() { p.pass(t, client, server) })
		}
	})
	u.Host = listener.Addr().String()
	return p, u.String()
}

// readyForQuery is how Postgres ends a start-up.
var readyForQuery = []byte{'Z', 0, 0, 0, 5}

func (p *Proxy) pass(t testing.TB, client net.Conn, address string) {
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
		if p.Swallow.CompareAndSwap(true, false) {
			p.Lost.Add(1)
			return
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
		if p.Mute.Load() && bytes.Contains(buffer[:n], readyForQuery) {
			<-gone
			return
		}
	}
}

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
	Swallow atomic.Bool // lose the server's next reply and cut the connection: the server has done its part
	Refuse  atomic.Bool // cut new connections
	Mute    atomic.Bool // say nothing once the start-up of a connection is done
	// Withhold keeps the end of the client's next packet, so many bytes, and cuts the client's connection, but not the server's, which
	// waits for the rest.
	Withhold atomic.Int32
	Lost     atomic.Int32 // counts the replies that were swallowed

	over chan struct{} // closed when the test ends
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
	p := &Proxy{over: make(chan struct{})}
	var running sync.WaitGroup
	t.Cleanup(func() { listener.Close(); close(p.over); running.Wait() })
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
	go func() {
		defer close(gone)
		defer server.Close()
		if p.forward(server, client) {
			<-p.over
		}
	}()
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

// forward passes on what the client says, until it goes or something is withheld.
func (p *Proxy) forward(server io.Writer, client net.Conn) (withheld bool) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return false
		}
		kept := int(p.Withhold.Swap(0))
		if _, err := server.Write(buffer[:max(n-kept, 0)]); err != nil {
			return false
		}
		if kept > 0 {
			client.Close()
			return true
		}
	}
}

//go:build !race

// The race detector makes everything larger, so that this says nothing under it.

package socketio

import (
	"bufio"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"
)

// headerBytes is how much a browser with a session's cookie says of itself.
const headerBytes = 2 << 10

// Not parallel: the heap is that of the whole process.
func TestIdleConnectionsKeepNoHeadersHoweverManyNamespacesThereAre(t *testing.T) {
	const alone, inACluster, withRecovery = 400, 400 + headerBytes + 400, 400 + 48
	check := func(*Socket, *Handshake) error { return nil }
	for _, test := range []struct {
		name    string
		options Options
		setup   func(*Server)
		most    int64
	}{
		{"one namespace", Options{}, func(*Server) {}, alone},
		{"two namespaces", Options{}, func(s *Server) { s.Of("/n").Use(check) }, alone},
		{"rules for namespaces", Options{}, func(s *Server) { s.Dynamic(tenant, func(ns *Namespace) { ns.Use(check) }) }, alone},
		{"in a cluster", Options{Cluster: new(mesh).member()}, func(s *Server) { s.Of("/n").Use(check) }, inACluster},
		{"with recovery", Options{Recovery: &Recovery{}}, func(s *Server) { s.Of("/n").Use(check) }, withRecovery},
	} {
		test.options.NamespaceTimeout = time.Millisecond
		server := NewServer(test.options)
		server.Of("/").Use(check)
		test.setup(server)
		each := idleFootprint(t, server)
		t.Logf("%s: %d bytes for each connection", test.name, each)
		if each > test.most {
			t.Errorf("%s: %d bytes for each connection, want at most %d", test.name, each, test.most)
		}
		if err := server.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// idleFootprint returns what this package keeps of a connection that is in "/", without the session.
func idleFootprint(t *testing.T, server *Server) int64 {
	const connections = 5000
	conns := make([]*conn, connections)
	before := heap()
	for i := range conns {
		conns[i] = server.newConn(noSession{}, browserHandshake(t))
		conns[i].Message([]byte(`0{"token":"t"}`), false)
	}
	for server.releases.busy() {
		runtime.Gosched()
	}
	if n := server.Of("/").Sockets(); n != connections {
		t.Fatalf("%d sockets, want %d", n, connections)
	}
	each := (heap() - before) / connections
	runtime.KeepAlive(conns)
	return each
}

func browserHandshake(t *testing.T) *Handshake {
	t.Helper()
	request := "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: chat.example\r\nUser-Agent: " + strings.Repeat("u", 120) +
		"\r\nOrigin: https://chat.example\r\nCookie: token=" + strings.Repeat("x", headerBytes-300) + "\r\n\r\n"
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
	if err != nil {
		t.Fatal(err)
	}
	return &Handshake{Header: r.Header, Query: r.URL.Query(), Host: r.Host, URL: r.RequestURI, Addr: netip.MustParseAddr("192.0.2.1")}
}

func (r *releases) busy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting) > 0
}

func heap() int64 {
	runtime.GC() // twice: pools keep what they hold for one
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

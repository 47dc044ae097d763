package netpoll

import (
	"net"
	"testing"
)

// secret is a TCP connection whose bytes mean something only by its own Read and Write.
type secret struct{ *net.TCPConn }

func (s secret) Read(p []byte) (int, error) {
	n, err := s.TCPConn.Read(p)
	copy(p, turned(p[:n]))
	return n, err
}

func (s secret) Write(p []byte) (int, error) { return s.TCPConn.Write(turned(p)) }

func turned(p []byte) []byte {
	q := make([]byte, len(p))
	for i := range p {
		q[i] = ^p[i]
	}
	return q
}

func TestConnectionsOfAListenersOwnTypeAreUsedByTheirOwnMethods(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, address := serveOn(t, listener, func(conn net.Conn) net.Conn { return secret{conn.(*net.TCPConn)} })
	echoes(t, secret{dial(t, address).(*net.TCPConn)}, "hello")
}

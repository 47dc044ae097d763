package engineio

import "net"

// Passed is a connection that a Door has passed on to net/http, which reads the bytes once more that the Door has read.
type Passed struct {
	net.Conn
	mark any
	head []byte // what is still to be read of these
}

// Mark returns what DoorOptions.Arrive gave the connection.
func (p *Passed) Mark() any { return p.mark }

// Read is net.Conn's.
func (p *Passed) Read(b []byte) (int, error) {
	if len(p.head) == 0 {
		return p.Conn.Read(b)
	}
	n := copy(b, p.head)
	if p.head = p.head[n:]; len(p.head) == 0 {
		p.head = nil
	}
	return n, nil
}

// CloseWrite tells the client that nothing more will come, where the connection can tell that.
func (p *Passed) CloseWrite() error {
	if half, ok := p.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// bare returns the connection without what a Door has made of it, once all that it has read is read again.
func bare(conn net.Conn) net.Conn {
	if p, ok := conn.(*Passed); ok && len(p.head) == 0 {
		return p.Conn
	}
	return conn
}

package engineclient

import (
	"context"
	"net"
	"sync"
)

// Pipes is a network of net.Pipes, for tests on fake time: the net.Listener of one server, whose clients come by Dial. A
// pipe holds nothing: what one side writes waits until the other reads it. NewPipes makes it.
type Pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	close  sync.Once
}

// NewPipes is a network whose server has yet to Accept.
func NewPipes() *Pipes { return &Pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

// Dial connects once the server accepts. It fits Dialer.NetDial.
func (p *Pipes) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept waits for the next client, until Close.
func (p *Pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and Dial. Connections stay.
func (p *Pipes) Close() error {
	p.close.Do(func() { close(p.closed) })
	return nil
}

// Addr is no address that could be dialed.
func (p *Pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "memory"} }

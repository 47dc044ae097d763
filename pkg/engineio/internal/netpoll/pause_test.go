package netpoll

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
)

// pausing is an echo that reads nothing more once it has heard something, until it may.
type pausing struct {
	echo
	may   atomic.Bool
	reads atomic.Int32
	asked chan struct{}
}

func (p *pausing) Listening() bool {
	if p.may.Load() {
		p.conn.Unpause()
	}
	select {
	case p.asked <- struct{}{}:
	default:
	}
	return true
}

func (p *pausing) Received(data []byte) {
	p.reads.Add(1)
	p.conn.Pause()
	p.echo.Received(data)
}

func TestWhoPausesReadsNothingAndIsAskedAllTheSame(t *testing.T) {
	t.Parallel()
	poller := New()
	defer poller.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client := dial(t, l.Addr().String())
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	p := &pausing{echo: echo{gone: func() { close(gone) }}, asked: make(chan struct{}, 1)}
	poller.Init(&p.conn, conn, p)
	p.conn.Start()
	if !p.conn.Watched() {
		client.Close()
		<-gone
		t.Skip("there is no epoll here")
	}
	echoes(t, client, "heard")
	for range 3 {
		io.WriteString(client, "later")
		for range 3 { // what comes after being asked is over when it is asked again
			<-p.asked
			p.conn.TurnAgainIfPaused()
		}
	}
	if n := p.reads.Load(); n != 1 {
		t.Errorf("it has read %d times, and paused after the first", n)
	}
	p.may.Store(true)
	p.conn.TurnAgainIfPaused()
	hears(t, client, "laterlaterlater")
	client.Close()
	<-gone
}

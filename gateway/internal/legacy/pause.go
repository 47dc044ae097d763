package legacy

import (
	"errors"
	"io"
	"time"

	"github.com/googollee/go-socket.io/engineio/frame"
	"github.com/googollee/go-socket.io/engineio/packet"
)

const (
	// retryStep is how long a session waits before it looks again which transport it has.
	retryStep = 2 * time.Millisecond
	// noopStep is how long a GET may have to wait for a noop during an upgrade.
	noopStep = 20 * time.Millisecond
)

var errSilent = errors.New("no ping has come")

// errPaused has the session look again: it asks for a method Temporary.
type errPaused struct{}

func (errPaused) Error() string   { return "paused for an upgrade" }
func (errPaused) Temporary() bool { return true }

// Pause is called when a WebSocket has asked to take over.
func (p *pollingCarrier) Pause() {
	p.paused.Store(true)
	if p.nooping.CompareAndSwap(false, true) {
		p.client.start(p.noops)
	}
}

// Resume is called when it has not.
func (p *pollingCarrier) Resume() { p.paused.Store(false) }

// noops answers GETs with noops, until the transport is closed or goes on. Its last noop may come
// late, which hurts nobody.
func (p *pollingCarrier) noops() {
	defer p.nooping.Store(false)
	for p.paused.Load() {
		w, err := p.NextWriter(frame.String, packet.NOOP)
		if err != nil || w.Close() != nil {
			return
		}
		select {
		case <-p.client.over:
			return
		case <-time.After(noopStep):
		}
	}
}

// again turns the error of a transport that has been replaced into one that has the session look at the other one, after a while.
func (p *pollingCarrier) again(err error) error {
	if !p.paused.Load() {
		return err
	}
	select {
	case <-p.client.over:
		return io.EOF
	case <-time.After(retryStep):
		return errPaused{}
	}
}

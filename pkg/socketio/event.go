package socketio

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Event is something that a client said.
type Event struct {
	Name string
	// Args are the arguments as JSON. They belong to the handler.
	Args []json.RawMessage

	socket     *Socket
	id         uint64
	mu         lockorder.Mutex[Event]
	unanswered bool
}

// ErrArguments is returned by Decode when there are too few arguments.
var ErrArguments = errors.New("socketio: too few arguments")

// Decode unmarshals the first arguments into targets, one each.
func (e *Event) Decode(targets ...any) error {
	if len(e.Args) < len(targets) {
		return ErrArguments
	}
	for i, target := range targets {
		if err := json.Unmarshal(e.Args[i], target); err != nil {
			return fmt.Errorf("socketio: argument %d of %q: %w", i+1, e.Name, err)
		}
	}
	return nil
}

// Packets returns the event as its client has sent it, for whoever has handlers elsewhere: the packets of one Socket.IO packet, with
// the ack id that the client waits for. Whoever answers there does so by [Socket.Pass].
func (e *Event) Packets() ([]*engineio.Packet, error) {
	var id []byte
	if e.WantsAck() {
		id = strconv.AppendUint(nil, e.id, 10)
	}
	return encodeEvent(e.socket.namespace.name, e.Name, id, valuesOf(e.Args))
}

// WantsAck tells whether the client waits for an Ack that was not given yet.
func (e *Event) WantsAck() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.unanswered
}

// Ack answers the event. It may be called from any goroutine, also after the handler has returned.
// Only the first call counts; without an ack wanted, none does.
func (e *Event) Ack(args ...any) error {
	e.mu.Lock()
	wanted := e.unanswered
	e.unanswered = false
	e.mu.Unlock()
	if !wanted {
		return nil
	}
	packets, err := encodeAck(e.socket.namespace.name, e.id, args)
	if err != nil {
		return err
	}
	return e.socket.send(packets...)
}

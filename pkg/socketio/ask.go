package socketio

import (
	"context"
	"encoding/json"
	"strconv"
	"sync/atomic"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Acks of broadcasts have one id for all sockets, as official servers do it: the event is encoded once. They begin beyond what a
// socket's own acks will reach, and stay where JavaScript counts exactly.
var lastAsked atomic.Uint64

const firstAsked = 1 << 40

// EmitWithAck sends an event that the client of every socket is to ack, and returns the first argument of each ack, in the order
// in which they come (null for an ack without one). The error is that of ctx, which is the timeout and should have a deadline, of
// the Cluster, or ErrDisconnected when clients went away; then the acks that have come are returned with it. As with
// Socket.EmitWithAck, a handler calls it on a goroutine of its own. The event is never kept or volatile.
func (b Broadcast) EmitWithAck(ctx context.Context, event string, args ...any) (acks []json.RawMessage, err error) {
	encoded, args, err := encodeOnce(event, args)
	if err != nil {
		return nil, err
	}
	a := answers{more: make(chan struct{}, 1)}
	clients, forget, err := b.Ask(event, args, a.add)
	if err != nil {
		return nil, err
	}
	defer forget()
	if cluster := b.cluster(); cluster != nil {
		to := b.to.clone()
		to.Volatile, to.Offset = false, 0
		acks, err = cluster.Ask(ctx, b.ns, to, event, encoded)
	}
	for {
		some, gone := a.take()
		acks = append(acks, some...)
		if clients -= len(some) + gone; gone > 0 && err == nil {
			err = ErrDisconnected
		}
		if clients == 0 {
			return acks, err
		}
		select {
		case <-a.more:
		case <-ctx.Done():
			return acks, ctx.Err()
		}
	}
}

// answers gathers acks: clients ack while others are still being asked, and nobody who acks may wait.
type answers struct {
	more chan struct{} // has something while there is something to take

	mu   lockorder.Mutex[answers]
	acks []json.RawMessage
	gone int // clients who will never ack
}

func (a *answers) add(ack json.RawMessage, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ok {
		a.acks = append(a.acks, ack)
	} else {
		a.gone++
	}
	select {
	case a.more <- struct{}{}:
	default:
	}
}

func (a *answers) take() (acks []json.RawMessage, gone int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	acks, gone = a.acks, a.gone
	a.acks, a.gone = nil, 0
	return acks, gone
}

// Ask sends an event to those of the sockets that are connected to this server, and returns how many there are. Heard is called
// once for each, with the first argument of its client's ack, or with ok false when the client has gone away; it is called from
// any goroutine, also before Ask returns, and must not wait. After forget, which must be called, it is called no more but for acks
// that are being read. It is for a Cluster: others use EmitWithAck.
func (b Broadcast) Ask(event string, args []any, heard func(ack json.RawMessage, ok bool)) (clients int, forget func(), err error) {
	id := firstAsked + lastAsked.Add(1)
	packets, err := encodeEvent(b.ns.name, event, strconv.AppendUint(nil, id, 10), args)
	if err != nil {
		return 0, nil, err
	}
	take := func(args []json.RawMessage, ok bool) {
		first := json.RawMessage("null")
		if len(args) > 0 {
			first = args[0]
		}
		heard(first, ok)
	}
	var asked []*Socket
	for _, s := range b.ns.rooms.list(b.to) {
		if s.expectAckOf(id, take) == nil {
			asked = append(asked, s)
			s.send(packets...) // one that can't be sent to is leaving, and take is told then
		}
	}
	return len(asked), func() {
		for _, s := range asked {
			s.forgetAck(id)
		}
	}, nil
}

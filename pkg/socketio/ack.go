package socketio

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// pendingAcks are the events whose acks the server waits for, by ack id. Socket.mu guards them.
type pendingAcks struct {
	next    uint64
	waiting map[uint64]chan []json.RawMessage
}

// EmitWithAck sends an event and waits for the client's ack, whose arguments it returns. The error
// is that of ctx, which is the timeout, or ErrDisconnected. It must not be called by a handler of
// the same client, other than on a goroutine of its own: the ack is read after the handler returns.
func (s *Socket) EmitWithAck(ctx context.Context, event string, args ...any) ([]json.RawMessage, error) {
	id, reply, err := s.expectAck()
	if err != nil {
		return nil, err
	}
	defer s.forgetAck(id)
	packets, err := encodeEvent(s.namespace.name, event, strconv.AppendUint(nil, id, 10), args)
	if err == nil {
		err = s.send(packets...)
	}
	if err != nil {
		return nil, err
	}
	select {
	case args, ok := <-reply:
		if !ok {
			return nil, ErrDisconnected
		}
		return args, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// expectAck makes a new ack id. The reply is closed when the socket leaves before its ack has come.
func (s *Socket) expectAck() (id uint64, reply chan []json.RawMessage, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return 0, nil, ErrDisconnected
	}
	if s.acks == nil {
		s.acks = &pendingAcks{waiting: make(map[uint64]chan []json.RawMessage)}
	}
	id = s.acks.next
	s.acks.next++
	reply = make(chan []json.RawMessage, 1)
	s.acks.waiting[id] = reply
	return id, reply, nil
}

func (s *Socket) forgetAck(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.acks != nil {
		delete(s.acks.waiting, id)
	}
}

// forgetAcks lets everybody who waits know that no ack will come.
func (s *Socket) forgetAcks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.acks == nil {
		return
	}
	for _, reply := range s.acks.waiting {
		close(reply)
	}
	s.acks = nil
}

// takeAck takes the client's ack. One that nobody waits for is ignored: it may have come too late.
func (s *Socket) takeAck(p packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.acks == nil || !p.hasID {
		return
	}
	reply, ok := s.acks.waiting[p.id]
	if !ok {
		return
	}
	delete(s.acks.waiting, p.id)
	if len(p.data) == 0 {
		reply <- nil
		return
	}
	reply <- slices.Collect(rawjson.Elements(bytes.Clone(p.data)))
}

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
	waiting map[uint64]taker
}

// taker is given the ack of a client, or told that none will come (ok is false). It must not wait.
type taker func(args []json.RawMessage, ok bool)

// EmitWithAck sends an event and waits for the client's ack, whose arguments it returns. The error
// is that of ctx, which is the timeout, or ErrDisconnected. It must not be called by a handler of
// the same client, other than on a goroutine of its own: the ack is read after the handler returns.
func (s *Socket) EmitWithAck(ctx context.Context, event string, args ...any) ([]json.RawMessage, error) {
	type ack struct {
		args []json.RawMessage
		ok   bool
	}
	reply := make(chan ack, 1)
	id, err := s.expectAck(func(args []json.RawMessage, ok bool) { reply <- ack{args, ok} })
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
	case ack := <-reply:
		if !ack.ok {
			return nil, ErrDisconnected
		}
		return ack.args, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// expectAck makes a new ack id. The taker is called once, unless the ack is forgotten before.
func (s *Socket) expectAck(take taker) (id uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	acks, err := s.pendingAcks()
	if err != nil {
		return 0, err
	}
	id = acks.next
	acks.next++
	acks.waiting[id] = take
	return id, nil
}

// expectAckOf is expectAck with an id that many sockets have in common.
func (s *Socket) expectAckOf(id uint64, take taker) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	acks, err := s.pendingAcks()
	if err == nil {
		acks.waiting[id] = take
	}
	return err
}

// pendingAcks is called with mu held.
func (s *Socket) pendingAcks() (*pendingAcks, error) {
	if s.gone {
		return nil, ErrDisconnected
	}
	if s.acks == nil {
		s.acks = &pendingAcks{waiting: make(map[uint64]taker)}
	}
	return s.acks, nil
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
	acks := s.acks
	s.acks = nil
	s.mu.Unlock()
	if acks == nil {
		return
	}
	for _, take := range acks.waiting {
		take(nil, false)
	}
}

// takeAck takes the client's ack. One that nobody waits for is ignored: it may have come too late.
func (s *Socket) takeAck(p packet) {
	take := s.takerOf(p)
	switch {
	case take == nil:
	case len(p.data) == 0:
		take(nil, true)
	default:
		take(slices.Collect(rawjson.Elements(bytes.Clone(p.data))), true)
	}
}

func (s *Socket) takerOf(p packet) taker {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.acks == nil || !p.hasID {
		return nil
	}
	take := s.acks.waiting[p.id]
	delete(s.acks.waiting, p.id)
	return take
}

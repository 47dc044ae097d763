package socketio

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// questions are events that wait for the client's ack. Socket.mu guards them.
type questions struct {
	next    uint64
	waiting map[uint64]chan []json.RawMessage
}

// EmitWithAck sends an event and waits for the client's ack, whose arguments it returns. The error
// is that of ctx, which is the timeout, or ErrDisconnected. It must not be called by a handler of
// the same client, other than on a goroutine of its own: the ack is read after the handler returns.
func (s *Socket) EmitWithAck(ctx context.Context, event string, args ...any) ([]json.RawMessage, error) {
	id, reply, err := s.ask()
	if err != nil {
		return nil, err
	}
	defer s.forget(id)
	packets, err := encodeEvent(s.namespace.name, event, strconv.AppendUint(nil, id, 10), args)
	if err == nil {
		err = s.send(packets...)
	}
	if err != nil {
		return nil, err
	}
	select {
	case answer, ok := <-reply:
		if !ok {
			return nil, ErrDisconnected
		}
		return answer, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Socket) ask() (id uint64, reply chan []json.RawMessage, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return 0, nil, ErrDisconnected
	}
	if s.asked == nil {
		s.asked = &questions{waiting: make(map[uint64]chan []json.RawMessage)}
	}
	id = s.asked.next
	s.asked.next++
	reply = make(chan []json.RawMessage, 1)
	s.asked.waiting[id] = reply
	return id, reply, nil
}

func (s *Socket) forget(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked != nil {
		delete(s.asked.waiting, id)
	}
}

// forgetQuestions lets everybody who waits know that no ack will come.
func (s *Socket) forgetQuestions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked == nil {
		return
	}
	for _, reply := range s.asked.waiting {
		close(reply)
	}
	s.asked = nil
}

// answered takes an ack. One that nobody waits for is ignored: it may have come too late.
func (s *Socket) answered(p packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked == nil || !p.hasID {
		return
	}
	reply, ok := s.asked.waiting[p.id]
	if !ok {
		return
	}
	delete(s.asked.waiting, p.id)
	if len(p.data) == 0 {
		reply <- nil
		return
	}
	reply <- slices.Collect(rawjson.Elements(bytes.Clone(p.data)))
}

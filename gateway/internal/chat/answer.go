package chat

import (
	"encoding/json"
	"runtime/debug"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// request is an event that is owed one answer.
type request struct {
	chat   *Chat
	socket *socketio.Socket
	event  *socketio.Event
	name   string // as configured, whatever the spelling
	waited bool   // for a join: it does not wait once more
}

// payload returns the event's first argument, or nil.
func (r *request) payload() json.RawMessage {
	if len(r.event.Args) == 0 {
		return nil
	}
	return r.event.Args[0]
}

// answer tells the client how its event ended, and counts it. It is called once per request. A failure whose
// client wants no ack is told by an `error` event.
func (r *request) answer(a contract.Answer) {
	r.count(a)
	if f, failed := a.(contract.Failure); failed && !r.event.WantsAck() {
		r.socket.Emit("error", f.Event(r.event.Name))
		return
	}
	r.event.Ack(a.Ack())
}

// count tells metrics and log how an event ended.
func (r *request) count(a contract.Answer) {
	r.chat.options.Observer.Event(r.name, a.Outcome())
	if f, failed := a.(contract.Failure); failed {
		r.chat.explain(r, f)
	}
}

// forget lets go of what the client sent.
func (r *request) forget() { r.event.Args = nil }

// survive keeps a bug in what answers later, outside of a handler, from ending everybody's connection. It is
// deferred.
func (r *request) survive() {
	if v := recover(); v != nil {
		r.chat.options.Logger.Error("an answer panicked", "event", r.name, "panic", v, "stack", string(debug.Stack()))
		r.socket.Close(socketio.HandlerPanic)
	}
}

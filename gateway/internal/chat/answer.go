package chat

import (
	"encoding/json"
	"runtime/debug"

	"github.com/socketgate/socketgate/pkg/socketio"
)

// code tells a client, in one word, why an event failed.
type code string

const (
	badRequest  code = "bad_request"  // the event is not in a form that is understood
	forbidden   code = "forbidden"    // the user may not do this
	notInRoom   code = "not_in_room"  // the room must be joined first
	tooLarge    code = "too_large"    // the text is longer than MAX_TEXT
	rateLimited code = "rate_limited" // too many events; the next second has room again
	unavailable code = "unavailable"  // the store can't be reached; try again later
)

// request is an event that is owed one answer.
type request struct {
	chat   *Chat
	socket *socketio.Socket
	event  *socketio.Event
	name   string // as configured, whatever the spelling
}

// payload returns the event's first argument, or nil.
func (r *request) payload() json.RawMessage {
	if len(r.event.Args) == 0 {
		return nil
	}
	return r.event.Args[0]
}

// answer is success or failure.
type answer interface{ outcome() string }

// success is the ack of an event that was done.
type success struct {
	Message json.RawMessage
	Members json.RawMessage
}

func (success) outcome() string { return "ok" }

// ack is put together here: encoding/json would read the whole message again.
func (a success) ack() any {
	o := object{{"ok", json.RawMessage("true")}, {"success", json.RawMessage("true")}, {"status", json.RawMessage(`"ok"`)}}
	if a.Message != nil {
		o = append(o, field{"message", a.Message})
	}
	if a.Members != nil {
		o = append(o, field{"members", a.Members})
	}
	return o.encode()
}

// failure is the ack of an event that was not done, or an `error` event where no ack is wanted.
type failure struct {
	Code code
	Text string // for a person; says what to do
}

func (f failure) outcome() string { return string(f.Code) }

func (f failure) ack() any {
	return struct {
		OK      bool   `json:"ok"`
		Success bool   `json:"success"`
		Status  string `json:"status"`
		Code    code   `json:"code"`
		Error   string `json:"error"`
	}{false, false, "error", f.Code, f.Text}
}

// survive keeps a bug in what answers later, outside of a handler, from ending everybody's connection. It is
// deferred.
func (r *request) survive() {
	if v := recover(); v != nil {
		r.chat.options.Logger.Error("an answer panicked", "event", r.name, "panic", v, "stack", string(debug.Stack()))
		r.socket.Close(socketio.HandlerPanic)
	}
}

// answer tells the client how its event ended, and counts it. It is called once per request.
func (r *request) answer(a answer) {
	r.chat.options.Observer.Event(r.name, a.outcome())
	switch a := a.(type) {
	case success:
		r.event.Ack(a.ack())
	case failure:
		if r.event.WantsAck() {
			r.event.Ack(a.ack())
			return
		}
		r.socket.Emit("error", struct {
			Code    code   `json:"code"`
			Message string `json:"message"`
			Event   string `json:"event"`
		}{a.Code, a.Text, r.event.Name})
	}
}

package contract

import "encoding/json"

// Code tells a client, in one word, why an event failed.
type Code string

const (
	BadRequest   Code = "bad_request"   // the event is not in a form that is understood
	Forbidden    Code = "forbidden"     // the user may not do this
	NotInRoom    Code = "not_in_room"   // the room must be joined first
	TooLarge     Code = "too_large"     // the text is longer than MAX_TEXT, or the message than a queue may take
	RateLimited  Code = "rate_limited"  // too many events; the next second has room again
	NotConnected Code = "not_connected" // nobody whom a relay to one user or socket may reach is there
	Unavailable  Code = "unavailable"   // the store can't be reached; try again later
)

// Answer is what a client is told of its event: a Success or a Failure.
type Answer interface {
	// Outcome is "ok", or the code of the failure.
	Outcome() string
	// Ack is the argument of the ack, as encoding/json takes it.
	Ack() any
}

// Success is the ack of an event that was done. What is nil is left out.
type Success struct {
	Message json.RawMessage // as the room was told it, before its Template
	Members json.RawMessage // as Members.Array returns them
	Shape   *Template       // of the ack, for a Message; its $row is the Message
}

func (Success) Outcome() string { return "ok" }

// Ack puts the JSON together by hand: encoding/json would read the whole message again.
func (a Success) Ack() any {
	if a.Shape != nil && a.Message != nil {
		return a.Shape.Row(a.Message)
	}
	o := Object{{"ok", json.RawMessage("true")}, {"success", json.RawMessage("true")}, {"status", json.RawMessage(`"ok"`)}}
	if a.Message != nil {
		o = append(o, Field{"message", a.Message})
	}
	if a.Members != nil {
		o = append(o, Field{"members", a.Members})
	}
	return o.Encode()
}

// Failure is the ack of an event that was not done, or an `error` event where no ack is wanted.
type Failure struct {
	Code Code
	Text string // for a person; says what to do
	Room string // that it is about, where the client did not name it just now
}

func (f Failure) Outcome() string { return string(f.Code) }

func (f Failure) Ack() any {
	return struct {
		OK      bool   `json:"ok"`
		Success bool   `json:"success"`
		Status  string `json:"status"`
		Code    Code   `json:"code"`
		Error   string `json:"error"`
	}{false, false, "error", f.Code, f.Text}
}

// Event is the argument of the `error` event that says the same. It names the event that failed, in the
// client's spelling.
func (f Failure) Event(failed string) any {
	return struct {
		Code    Code   `json:"code"`
		Message string `json:"message"`
		Event   string `json:"event"`
		Room    string `json:"roomId,omitempty"`
	}{f.Code, f.Text, failed, f.Room}
}

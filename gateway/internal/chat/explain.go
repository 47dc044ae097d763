package chat

import (
	"slices"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// mends say, for each way to refuse an event, which variable or key to look at.
var mends = map[contract.Code]string{
	contract.NotInRoom: "JOIN_EVENTS must have the event by which clients join, before they send; or REQUIRE_JOIN=false lets them send without",
	contract.BadRequest: "the keys must be those that the gateway knows: MESSAGE_TEXT_COLUMN and MESSAGE_ROOM_COLUMN add the app's own; " +
		"what the database refuses is in the line of the store",
	contract.Forbidden:    "ROOM_ACCESS_QUERY says who may join a room, JOIN_MODE how many at a time; nobody may join the room of another connection",
	contract.TooLarge:     "MAX_TEXT bounds the text, and a quarter of SEND_QUEUE_BYTES the whole message",
	contract.RateLimited:  "RATE_LIMIT is events per second and connection, RELAY_RATE those of RELAY_EVENTS",
	contract.NotConnected: "a relay to a user reaches who is in a room with the sender, and with RELAY_ANYONE=true whoever is connected; one to a socket wants its id",
	contract.Unavailable:  "the database of DATABASE_URL did not answer within DATABASE_TIMEOUT, or is behind with what came before",
}

// explain tells the log why an event was refused, once per kind: nearly no client listens to `error`, so that its
// people see only that nothing happens.
func (c *Chat) explain(r *request, f contract.Failure) {
	if !c.explained.isNew(r.name, f) {
		return
	}
	line := []any{"event", r.name, "code", string(f.Code), "reason", f.Text, "mend", mends[f.Code]}
	if payload := r.payload(); payload != nil {
		line = append(line, "seen", contract.Outline(payload))
	}
	c.options.Logger.Warn("an event of a client was refused; others for the same reason are not logged", line...)
}

// maxReasons is how many reasons of one event and code are logged. Most are fixed sentences; one that holds what a
// client sent must not fill the log.
const maxReasons = 4

// refusalKind is what the log tells apart, beside the reason.
type refusalKind struct {
	event string
	code  contract.Code
}

// explained are the refusals that the log has been told of. Its zero value is ready; any goroutine may use it.
type explained struct {
	mu      lockorder.Mutex[explained]
	reasons map[refusalKind][]string
}

// isNew reports, once for each reason, that the log should have it.
func (e *explained) isNew(event string, f contract.Failure) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	kind := refusalKind{event, f.Code}
	known := e.reasons[kind]
	if len(known) == maxReasons || slices.Contains(known, f.Text) {
		return false
	}
	if e.reasons == nil {
		e.reasons = make(map[refusalKind][]string)
	}
	e.reasons[kind] = append(known, f.Text)
	return true
}

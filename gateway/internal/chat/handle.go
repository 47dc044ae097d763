package chat

import (
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// handler does what an event asks for. What it returns is the answer to the client, unless it
// returns nil and answers later.
type handler func(s *socketio.Socket, m *member, r *request) contract.Answer

// handle registers a handler for every spelling of the events.
func (c *Chat) handle(events []string, h handler) {
	for _, event := range events {
		for _, spelling := range contract.Spellings(event) {
			c.namespace.On(spelling, func(s *socketio.Socket, e *socketio.Event) {
				m := s.Data.(*member)
				r := &request{chat: c, socket: s, event: e, name: event}
				if !c.allow(s, m, r) {
					return
				}
				if a := h(s, m, r); a != nil {
					r.answer(a)
				}
			})
		}
	}
}

// flooding is what the log is told of a client that is closed.
var flooding = contract.Failure{Code: contract.RateLimited, Text: "the client kept sending far above its rate limit, and was closed"}

// allow applies the rate limit, and answers what it refuses.
func (c *Chat) allow(s *socketio.Socket, m *member, r *request) bool {
	now := time.Now()
	rate := c.options.RateLimit
	if c.within(limitEvents, ofConnection, m.rate.take(now, 1, rate, 2*rate)) &&
		c.within(limitEvents, ofUser, m.user.take(limitEvents, now, 1, c.share*rate, 2*c.share*rate)) {
		return true
	}
	// Each refusal is an answer, and answers cost too.
	if !m.refusals.take(now, 1, 10*c.options.RateLimit, 20*c.options.RateLimit) {
		c.explain(r, flooding)
		s.Close(Flooding)
		return false
	}
	r.answer(contract.Failure{Code: contract.RateLimited, Text: "too many events, slow down"})
	return false
}

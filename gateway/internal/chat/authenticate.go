package chat

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

// person is a verified user, as rooms are told of them. It never changes.
type person struct {
	id       string
	idJSON   json.RawMessage // as the token had it: a string, or a number
	name     string
	nameJSON json.RawMessage
}

// member is what the chat knows of a socket.
type member struct {
	*person
	expires  time.Time
	rate     bucket
	refusals bucket
	bytes    bucket // of what it has broadcast
	relays   bucket
	strange  uint8 // events that the log has named because of it
}

// authenticate lets in who is known. The client learns only that it was refused; the reason goes to
// the log, where the operator looks for it. While nobody can know, the connection is closed without
// a word, so that the client comes back by itself: an outage must not log people out.
func (c *Chat) authenticate(s *socketio.Socket, h *socketio.Handshake) error {
	claims, source, err := c.options.Authenticator.Authenticate(c.ctx, h.Header, h.Auth)
	if err != nil {
		c.refuse(h, source, err)
		if errors.Is(err, token.ErrUnavailable) {
			s.Close(SessionsUnavailable)
		}
		return &socketio.ConnectError{Message: "Authentication error", Close: true}
	}
	s.Data = &member{
		person: &person{
			id: claims.UserID, idJSON: claims.UserIDJSON,
			name: claims.Username, nameJSON: quote(claims.Username),
		},
		expires: claims.Expires,
	}
	return nil
}

// refuse counts and logs why somebody is not let in. What cookies hold is told nobody.
func (c *Chat) refuse(h *socketio.Handshake, source string, err error) {
	reason := token.Reason(err)
	c.options.Observer.AuthenticationRefused(reason)
	if !c.refused.now() {
		return
	}
	if errors.Is(err, token.ErrUnavailable) {
		c.options.Logger.Warn("session could not be looked up", "error", err)
		return
	}
	c.options.Logger.Info("authentication failed", "reason", reason, "source", source,
		"cookies", token.CookieNames(h.Header), "addr", h.Addr)
}

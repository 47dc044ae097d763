package chat

import (
	"encoding/json"
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
}

// authenticate lets in who has a valid token. The client learns only that it was refused; the
// reason goes to the log, where the operator looks for it.
func (c *Chat) authenticate(s *socketio.Socket, h *socketio.Handshake) error {
	tok, source, err := token.Find(h.Header, h.Auth, c.options.Cookie)
	var claims token.Claims
	if err == nil {
		claims, err = c.options.Verifier.Verify(tok)
	}
	if err != nil {
		reason := token.Reason(err)
		c.options.Observer.AuthenticationRefused(reason)
		if c.refused.now() {
			c.options.Logger.Info("authentication failed", "reason", reason, "source", source,
				"cookies", token.CookieNames(h.Header), "addr", h.Addr)
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

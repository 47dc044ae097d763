package chat

import (
	"errors"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

// member is what the chat knows of a socket. Only the socket's own handlers use it, one at a time; the person,
// which never changes, is shared.
type member struct {
	*contract.Person
	user          *user // nil without limits of users
	left          bool  // users' shard guards it
	expires       time.Time
	rate          bucket // of events
	refusals      bucket // of events above that rate
	bytes         bucket // of what it has broadcast
	relays        bucket
	unknownLogged uint8 // events that the log has named because of it; unknownEvents.mu guards it
}

// authenticate lets in who is known. The client learns only that it was refused; the reason goes to
// the log, where the operator looks for it. While nobody can know, the connection is closed without
// a word, so that the client comes back by itself: an outage must not log people out.
func (c *Chat) authenticate(s *socketio.Socket, h *socketio.Handshake) error {
	claims, source, err := c.options.Authenticator.Authenticate(token.WithClient(c.ctx, h.Addr), h.Header, h.Auth)
	if err != nil {
		c.reportRefusal(h, source, err)
		if errors.Is(err, token.ErrUnavailable) {
			s.Close(SessionsUnavailable)
		}
		return &socketio.ConnectError{Message: "Authentication error", Close: true}
	}
	s.Data = &member{
		Person:  contract.NewPerson(claims.UserID, claims.UserIDJSON, claims.Username),
		expires: claims.Expires,
	}
	return nil
}

// reportRefusal counts and logs why somebody is not let in. The log gets the names of cookies and never what they hold.
func (c *Chat) reportRefusal(h *socketio.Handshake, source string, err error) {
	reason := token.Reason(err)
	c.options.Observer.AuthenticationRefused(reason)
	if !c.refusalLog.allow() {
		return
	}
	if errors.Is(err, token.ErrUnavailable) {
		c.options.Logger.Warn("session could not be looked up", "error", err)
		return
	}
	c.options.Logger.Info("authentication failed", "reason", reason, "source", source,
		"cookies", token.CookieNames(h.Header), "addr", h.Addr)
}

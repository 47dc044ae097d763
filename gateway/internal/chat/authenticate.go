package chat

import (
	"cmp"
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
	user        *user // nil without limits of users
	left        bool  // users' shard guards it
	expires     time.Time
	rate        bucket // of events
	refusals    bucket // of events above that rate
	bytes       bucket // of what it has broadcast
	relays      bucket
	joined      bool      // something, since it connected
	lapsed      bool      // a message has waited for a join in vain; early.mu guards this and the next two
	early       []*parked // messages that wait for a join
	earlyBytes  int       // of these
	namesLogged uint8     // names that the log has because of it
}

// authenticate lets in a client whose token is valid. Another learns only that it was refused; the reason goes
// to the log, where the operator looks for it. While the token can't be verified, the connection is closed without
// an answer, so that the client comes back by itself: an outage must not log people out.
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
		Person:  contract.NewPerson(claims.UserID, claims.UserIDJSON, c.nameOf(claims)),
		expires: claims.Expires,
	}
	return nil
}

// nameOf returns the name that a token has, or else what the app's database calls the user, as far as it can be asked.
func (c *Chat) nameOf(claims token.Claims) string {
	if claims.Named || c.options.Name == nil {
		return claims.Username
	}
	name, err := c.options.Name(c.ctx, claims.UserID)
	if err != nil && c.namesLog.allow() {
		c.options.Logger.Warn("a name could not be looked up: rooms are told the user's id", "error", err)
	}
	return cmp.Or(name, claims.Username)
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

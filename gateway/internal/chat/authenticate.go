package chat

import (
	"errors"
	"net/netip"
	"sync"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

// member is what the chat knows of a socket. Only the socket's own handlers use it, one at a time, but for the person and the
// login, which never change.
type member struct {
	*contract.Person
	login         *login     // nil unless somebody asks about it later
	seats         sync.Mutex // held while the socket's rooms and their lists change together
	expires       int64      // milliseconds since 1970; 0 is never
	rate          bucket     // of events
	refusals      bucket     // of events above that rate
	bytes         bucket     // of what it has broadcast
	relays        bucket
	unknownLogged uint8 // events that the log has named because of it; unknownEvents.mu guards it
}

// login is what is remembered of how somebody got in.
type login struct {
	token.Login
	address netip.Addr
}

// authenticate lets in who is known. The client learns only that it was refused; the reason goes to
// the log, where the operator looks for it. While nobody can know, the connection is closed without
// a word, so that the client comes back by itself: an outage must not log people out.
func (c *Chat) authenticate(s *socketio.Socket, h *socketio.Handshake) error {
	claims, source, err := c.options.Authenticator.Authenticate(c.ctx, h.Header, h.Auth)
	if err != nil {
		c.reportRefusal(h, source, err)
		if c.options.Audit != nil {
			c.options.Audit.Record("refusal", claims.UserID, "", h.Addr, token.Reason(err))
		}
		if errors.Is(err, token.ErrUnavailable) {
			s.Close(SessionsUnavailable)
		}
		return &socketio.ConnectError{Message: "Authentication error", Close: true}
	}
	m := &member{Person: contract.NewPerson(claims.UserID, claims.UserIDJSON, claims.Username)}
	if !claims.Expires.IsZero() {
		m.expires = claims.Expires.UnixMilli()
	}
	if c.options.Logins != nil || c.options.Audit != nil {
		m.login = &login{claims.Login(), h.Addr}
	}
	s.Data = m
	c.audit("login", m, "", "")
	if claims.Endless {
		c.endless.Do(c.warnEndless)
	}
	return nil
}

// warnEndless says that there are tokens which somebody who has one can use for long.
func (c *Chat) warnEndless() {
	c.options.Logger.Warn("a token without exp was let in: whoever copies one can use it until TOKEN_MAX_AGE after its iat, or for ever where it has none; " +
		"let the app set an end (expiresIn), or REVOKED_QUERY end it")
}

// audit keeps a record of what a member did, or of what was done to it.
func (c *Chat) audit(event string, m *member, room, reason string) {
	if c.options.Audit != nil {
		c.options.Audit.Record(event, m.ID, room, m.login.address, reason)
	}
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

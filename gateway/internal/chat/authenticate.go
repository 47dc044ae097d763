package chat

import (
	"bytes"
	"cmp"
	"errors"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

// member is what the chat knows of a socket. Only the socket's own handlers use it, one at a time, but for the person and the
// login, which never change.
type member struct {
	*contract.Person
	login       *login                 // nil unless somebody asks about it later
	user        *user                  // nil without limits of users
	seats       lockorder.Mutex[seats] // held while the socket's rooms and their lists change together
	given       []string               // the rooms that the server has chosen, sorted; seats guards this
	renewal     uint64                 // how many renewals had begun when these were asked for
	left        bool                   // users' shard guards it
	expires     int64                  // milliseconds since 1970; 0 is never
	rate        bucket                 // of events
	refusals    bucket                 // of events above that rate
	bytes       bucket                 // of what it has broadcast
	relays      bucket
	joined      bool      // something, since it connected
	seated      bool      // it counts in the lists of its rooms: seats guards this and the next
	ended       bool      // and never again will
	arrival     *arrival  // of the room that its client named as it connected; nil without one, and once the client was told
	back        *comeback // of a socket that takes up its session; nil for others, and after its first message
	lapsed      bool      // a message has waited for a join in vain; early.mu guards this and the next two
	early       []*parked // messages that wait for a join
	earlyBytes  int       // of these
	namesLogged uint8     // names that the log has because of it
	came        uint32    // seconds since 1970
	asked       int64     // when its client connected, before anybody was asked who it is; nanoseconds since 1970
}

// isNew tells whether a client may still send again what it has sent to another gateway.
func (m *member) isNew() bool { return time.Since(time.Unix(int64(m.came), 0)) < resendWindow }

// seats names a lock.
type seats struct{}

// login is what is remembered of how somebody got in.
type login struct {
	token.Login
	address netip.Addr
	ended   atomic.Bool // and this is written down: the connection closes in a moment, and may be asked about again until then
}

// authenticate lets in a client whose token is valid. Another learns only that it was refused; the reason goes
// to the log, where the operator looks for it. While the token can't be verified, the connection is closed without
// an answer, so that the client comes back by itself: an outage must not log people out.
func (c *Chat) authenticate(s *socketio.Socket, h *socketio.Handshake) error {
	claims, source, err := c.identify(h)
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
	h.User = claims.UserID
	m := &member{Person: contract.NewPerson(claims.UserID, claims.UserIDJSON, c.nameOf(claims)), came: uint32(time.Now().Unix()), asked: h.Issued.UnixNano()}
	if !claims.Expires.IsZero() {
		m.expires = claims.Expires.UnixMilli()
	}
	if c.options.Logins != nil || c.options.Audit != nil {
		m.login = &login{Login: claims.Login(), address: h.Addr}
	}
	if c.options.Recovers && bytes.Contains(h.Auth, []byte(`"pid"`)) {
		m.back = &comeback{heard: heardUpTo(h.Auth)}
	}
	if c.log != nil && claims.Named {
		c.log.named.note(m.Person)
	}
	s.Data = m
	if err := c.placeNew(s, m, h); err != nil {
		s.Close(RoomsUnavailable)
		return &socketio.ConnectError{Message: "your rooms can't be looked up right now", Close: true}
	}
	if claims.Endless {
		c.endless.Do(c.warnEndless)
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

// identify spares a cookie that was good a moment ago, at the handshake, the second look.
func (c *Chat) identify(h *socketio.Handshake) (token.Claims, string, error) {
	claims, known := h.Identity.(token.Claims)
	if known && (claims.Expires.IsZero() || time.Now().Before(claims.Expires)) {
		return claims, "cookie", nil
	}
	return c.options.Authenticator.Authenticate(token.WithQuery(token.WithClient(c.ctx, h.Addr), h.Query), h.Header, h.Auth)
}

// warnEndless logs once that there are tokens without an end: whoever has stolen one can use it for ever.
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
	line := []any{"reason", reason, "source", source, "cookies", token.CookieNames(h.Header), "addr", h.Addr}
	if mend := loginMend(reason); mend != "" {
		line = append(line, "mend", mend)
	}
	if reason == "no_token" {
		line = append(line, "seen", token.Lookalikes(h.Header, h.Auth, h.Query))
	}
	c.options.Logger.Info("authentication failed", line...)
}

// loginMend says which variable to look at. For a login that the app itself would refuse there is none.
func loginMend(reason string) string {
	switch reason {
	case "no_token":
		return "TOKEN_COOKIE names the cookie, and TOKEN_SOURCES further places, such as those that are seen"
	case "malformed":
		return "what came is no JWT: SESSION_QUERY is for ids of sessions"
	case "bad_signature", "bad_encryption":
		return "JWT_SECRET, AUTH_SECRET or NEXTAUTH_SECRET must be the one that the app signs with"
	case "wrong_algorithm":
		return "TOKEN_JWKS_URL is for tokens of a login service; JWT_SECRET is for HS256"
	case "encrypted":
		return "AUTH_SECRET or NEXTAUTH_SECRET opens sessions of Auth.js"
	case "no_session":
		return "SESSION_QUERY must find the session by the cookie's token"
	case "wrong_audience", "wrong_issuer", "wrong_type", "missing_claim":
		return "TOKEN_AUDIENCE, TOKEN_ISSUER, TOKEN_TYPE and TOKEN_CLAIMS say what a login has"
	case "unverified_signature":
		return "SESSION_SECRET checks the cookies of express-session"
	}
	return ""
}

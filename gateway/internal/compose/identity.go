package compose

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/sessions"
	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/token"
)

// Identity tells who somebody is. Its methods may be called from any goroutine, but for Close.
type Identity struct {
	*token.Authenticator
	sessions    *sessions.Sessions    // nil without SESSION_QUERY
	revocations *sessions.Revocations // nil without REVOKED_QUERY
	keys        *token.PublicKeys     // nil without TOKEN_JWKS_URL
	lookups     chan struct{}         // full while maxLookups handshakes wait for the database
}

// OpenIdentity connects to the database where it is asked about logins (SESSION_QUERY, REVOKED_QUERY); without these it opens
// nothing. ctx bounds the opening only. Refused is told of each look-up that is not made, with a reason of package lookup; it may
// be nil. The caller must Close.
func OpenIdentity(ctx context.Context, c config.Config, log *slog.Logger, refused func(reason string)) (*Identity, error) {
	identity := &Identity{lookups: make(chan struct{}, maxLookups)}
	if err := identity.open(ctx, c, log, refused); err != nil {
		identity.Close()
		return nil, err
	}
	return identity, nil
}

func (i *Identity) open(ctx context.Context, c config.Config, log *slog.Logger, refused func(reason string)) (err error) {
	options := tokenOptions(c)
	if c.SessionQuery != "" {
		if i.sessions, err = sessions.Open(ctx, string(c.DatabaseURL), c.SessionQuery, c.DatabaseTimeout); err != nil {
			return err
		}
		options.Sessions = sessions.NewTurns(i.sessions.Claims, c.DatabaseTimeout, refused).Claims
	}
	if c.RevokedQuery != "" {
		if i.revocations, err = sessions.OpenRevocations(ctx, string(c.DatabaseURL), c.RevokedQuery, c.DatabaseTimeout, log); err != nil {
			return err
		}
		options.Revoked = i.revocations.Revoked
	}
	if c.TokenJWKSURL != "" {
		i.keys = token.NewPublicKeys(c.TokenJWKSURL)
		if _, err := i.keys.Fetch(ctx); err != nil {
			log.Warn("tokens of TOKEN_JWKS_URL can't be verified yet; it is tried again for each that comes, every 10 s at most", "error", err)
		}
		options.PublicKeys = i.keys
	}
	i.Authenticator, err = token.NewAuthenticator(options)
	return err
}

// MayEnd tells whether a login can end before its time.
func (i *Identity) MayEnd() bool { return i.sessions != nil || i.revocations != nil }

// Ended tells which logins the app has ended: by taking the session away, or by what REVOKED_QUERY says. An error means that
// nobody knows of some; those that are told as ended have ended all the same.
func (i *Identity) Ended(ctx context.Context, logins []token.Login) ([]bool, error) {
	ended := make([]bool, len(logins))
	var bySession []token.Login
	var at []int // where they are among the logins
	for n, login := range logins {
		if i.sessions != nil && login.Session != "" {
			bySession, at = append(bySession, login), append(at, n)
		}
	}
	var failed, failedToo error
	if bySession != nil {
		var gone []bool
		gone, failed = i.sessions.Ended(ctx, bySession)
		for n := range gone {
			ended[at[n]] = gone[n]
		}
	}
	if i.revocations != nil {
		var gone []bool
		gone, failedToo = i.revocations.Ended(ctx, logins)
		for n := range gone {
			ended[n] = ended[n] || gone[n]
		}
	}
	return ended, errors.Join(failed, failedToo)
}

// OpenNames connects to where users are called by their names: by USER_QUERY or, without it, by the query that the store has
// found in the schema. It is nil where there is neither. ctx bounds the opening only. The caller must Close.
func OpenNames(ctx context.Context, c config.Config, found string) (*sessions.Names, error) {
	sql := cmp.Or(c.UserQuery, found)
	if sql == "" {
		return nil, nil
	}
	return sessions.OpenNames(ctx, string(c.DatabaseURL), sql, c.DatabaseTimeout)
}

// OpenUserRooms connects to where the app has the rooms of its users (USER_ROOMS_QUERY). It is nil without. ctx bounds the opening only.
// The caller must Close.
func OpenUserRooms(ctx context.Context, c config.Config, log *slog.Logger) (*sessions.Rooms, error) {
	if c.UserRoomsQuery == "" {
		return nil, nil
	}
	return sessions.OpenRooms(ctx, string(c.DatabaseURL), c.UserRoomsQuery, c.DatabaseTimeout, log)
}

// maxLookups is how many handshakes may wait for the database at a time.
const maxLookups = 64

// Identify tells who a request comes from by its headers alone, for [engineio.Options]. While maxLookups wait for the
// database it knows nobody who would have to be looked up there: the CONNECT that follows asks again.
func (i *Identity) Identify(r *http.Request) engineio.Identity {
	if i.MayEnd() || i.keys != nil {
		select {
		case i.lookups <- struct{}{}:
			defer func() { <-i.lookups }()
		default:
			return engineio.Identity{}
		}
	}
	claims, source, err := i.Authenticate(r.Context(), r.Header, nil)
	if err != nil {
		return engineio.Identity{}
	}
	id := engineio.Identity{User: claims.UserID}
	if source == "cookie" { // the header comes after the token of CONNECT
		id.Claims = claims
	}
	return id
}

// PublicKeys are those of TOKEN_JWKS_URL, or nil.
func (i *Identity) PublicKeys() *token.PublicKeys { return i.keys }

// Close ends the connections to the database, and with them the look-ups that are under way.
func (i *Identity) Close() {
	if i.sessions != nil {
		i.sessions.Close()
	}
	if i.revocations != nil {
		i.revocations.Close()
	}
}

func tokenOptions(c config.Config) token.Options {
	o := token.Options{
		Cookie:        c.TokenCookie,
		SessionSecret: []byte(c.BetterAuthSecret),
		CookieSecret:  []byte(c.SessionSecret),
		Expected: token.Expected{
			Audience: c.TokenAudience, Issuer: c.TokenIssuer, Type: c.TokenType, Claims: c.TokenClaims, MaxAge: c.TokenMaxAge,
		},
	}
	for _, text := range c.TokenSources { // which the configuration has been checked for
		if source, err := token.ParseSource(text); err == nil {
			o.Sources = append(o.Sources, source)
		}
	}
	for _, secret := range []config.Secret{c.JWTSecret, c.JWTSecretPrevious} {
		if secret != "" {
			o.Secrets = append(o.Secrets, []byte(secret))
		}
	}
	for _, secret := range c.AuthSecrets() {
		o.AuthSecrets = append(o.AuthSecrets, []byte(secret))
	}
	return o
}

// Mint makes a token that the gateway accepts: one signed with JWT_SECRET, or else an encrypted session of Auth.js. It fails
// where there is no secret for either: sessions in the database can't be made.
func Mint(c config.Config, userID, username string, ttl time.Duration) (string, error) {
	switch secrets := c.AuthSecrets(); {
	case c.JWTSecret != "":
		return token.Mint([]byte(c.JWTSecret), userID, username, ttl)
	case len(secrets) > 0:
		return token.MintEncrypted([]byte(secrets[0]), userID, username, ttl)
	}
	return "", errors.New("there is neither JWT_SECRET nor AUTH_SECRET to make a token with")
}

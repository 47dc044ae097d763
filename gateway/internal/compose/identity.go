package compose

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/sessions"
	"github.com/socketgate/socketgate/pkg/token"
)

// Identity tells who somebody is. Its methods may be called from any goroutine, but for Close.
type Identity struct {
	*token.Authenticator
	sessions *sessions.Sessions // nil without SESSION_QUERY
}

// OpenIdentity connects to the database where sessions are looked up there (SESSION_QUERY); without that it opens nothing. ctx
// bounds the opening only. Refused is told of each look-up that is not made, with a reason of package lookup; it may be nil. The
// caller must Close.
func OpenIdentity(ctx context.Context, c config.Config, refused func(reason string)) (*Identity, error) {
	identity := new(Identity)
	options := tokenOptions(c)
	if c.SessionQuery != "" {
		var err error
		if identity.sessions, err = sessions.Open(ctx, string(c.DatabaseURL), c.SessionQuery, c.DatabaseTimeout); err != nil {
			return nil, err
		}
		options.Sessions = sessions.NewTurns(identity.sessions.Claims, c.DatabaseTimeout, refused).Claims
	}
	var err error
	if identity.Authenticator, err = token.NewAuthenticator(options); err != nil {
		identity.Close()
		return nil, err
	}
	return identity, nil
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

// Close ends the connections to the database, and with them the look-ups that are under way.
func (i *Identity) Close() {
	if i.sessions != nil {
		i.sessions.Close()
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

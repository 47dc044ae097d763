package app

import (
	"context"
	"errors"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/sessions"
	"github.com/socketgate/socketgate/pkg/token"
)

// openAuthenticator connects to the database for sessions, where there is a query for them.
func (a *App) openAuthenticator(ctx context.Context) (*token.Authenticator, error) {
	c := a.config
	o := identity(c)
	if c.SessionQuery != "" {
		var err error
		if a.sessions, err = sessions.Open(ctx, string(c.DatabaseURL), c.SessionQuery, c.DatabaseTimeout); err != nil {
			return nil, err
		}
		o.Sessions = a.sessions.Claims
	}
	who, err := token.NewAuthenticator(o)
	if err != nil {
		a.closeSessions()
	}
	return who, err
}

func (a *App) closeSessions() {
	if a.sessions != nil {
		a.sessions.Close()
	}
}

func identity(c config.Config) token.Options {
	o := token.Options{Cookie: c.TokenCookie, SessionSecret: []byte(c.BetterAuthSecret)}
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

// Mint makes a token that the gateway accepts: one signed with JWT_SECRET, or else an encrypted session of Auth.js. Sessions
// in the database can't be made.
func Mint(c config.Config, userID, username string, ttl time.Duration) (string, error) {
	switch secrets := c.AuthSecrets(); {
	case c.JWTSecret != "":
		return token.Mint([]byte(c.JWTSecret), userID, username, ttl)
	case len(secrets) > 0:
		return token.MintEncrypted([]byte(secrets[0]), userID, username, ttl)
	}
	return "", errors.New("there is neither JWT_SECRET nor AUTH_SECRET to make a token with")
}

package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/app"
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/pkg/token"
)

// visitor is who the made-up token names.
const visitor = "gateway-check"

// token has a token verified as a start would: the one that the app has made, or else one made like
// the app's.
func (s start) token(ctx context.Context, ofApp string) {
	ctx, cancel := context.WithTimeout(ctx, databasePatience)
	defer cancel()
	if ofApp != "" {
		s.tokenOf(ctx, ofApp)
		return
	}
	made, err := mint(s.config)
	if err != nil { // sessions in the database can't be made up
		if _, err := app.Identify(ctx, s.config, ""); !errors.Is(err, token.ErrMissing) {
			s.fault("token", fmt.Sprint(err), databaseFix(err)...)
			return
		}
		s.ok("token", "SESSION_QUERY can be asked (with --token, whose session that is)")
		return
	}
	if _, err := app.Identify(ctx, s.config, cookieOf(s.config, made)); err != nil {
		s.fault("token", "one made by the secret is refused: "+err.Error(), tokenFix(err))
		return
	}
	s.ok("token", "made by the secret and verified (with --token, whether the app has the same secret)")
}

func (s start) tokenOf(ctx context.Context, given string) {
	claims, err := app.Identify(ctx, s.config, cookiesOf(s.config, given))
	if err != nil {
		s.fault("token", "the app's is refused: "+err.Error(), tokenFix(err))
		return
	}
	s.ok("token", "the app's is accepted: user %q, called %q, %s", claims.UserID, claims.Username, until(claims.Expires))
}

func mint(c config.Config) (string, error) {
	return app.Mint(c, visitor, visitor, 10*time.Minute)
}

// cookieOf makes a Cookie header of a token, unless it is one already.
func cookieOf(c config.Config, tok string) string {
	if _, value, _ := strings.Cut(tok, "="); strings.Trim(value, "=") != "" { // base64 ends in =
		return tok
	}
	return c.TokenCookie + "=" + tok
}

// cookiesOf puts a token into every cookie in which the app may keep it: the name decides how Auth.js and Better Auth
// are read.
func cookiesOf(c config.Config, tok string) string {
	first := cookieOf(c, tok)
	if first == tok {
		return tok
	}
	for _, name := range append(slices.Clone(token.AuthJSCookies), token.BetterAuthCookies...) {
		first += "; " + name + "=" + tok
	}
	return first
}

func tokenFix(err error) string {
	switch {
	case errors.Is(err, token.ErrSignature), errors.Is(err, token.ErrDecryption):
		return "JWT_SECRET (AUTH_SECRET, NEXTAUTH_SECRET) should hold the app's, to the letter: look for quotes and white space"
	case errors.Is(err, token.ErrExpired):
		return "log in anew, and take the token of that session"
	case errors.Is(err, token.ErrEncrypted):
		return "AUTH_SECRET (or NEXTAUTH_SECRET) should hold the app's"
	case errors.Is(err, token.ErrNoSession):
		return "SESSION_QUERY should find the app's sessions by $1, the token"
	case errors.Is(err, token.ErrMissing):
		return "TOKEN_COOKIE should hold the name of the app's cookie"
	}
	return ""
}

func until(expires time.Time) string {
	if expires.IsZero() {
		return "without an end"
	}
	return "until " + expires.UTC().Format(time.RFC3339)
}

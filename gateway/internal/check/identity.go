package check

import (
	"cmp"
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
// the app's. It returns the cookie that lets it in.
func (s start) token(ctx context.Context, ofApp string) (cookie string) {
	ctx, cancel := context.WithTimeout(ctx, databasePatience)
	defer cancel()
	if ofApp != "" {
		return s.tokenOf(ctx, ofApp)
	}
	made, err := mint(s.config)
	if err != nil { // sessions in the database can't be made up
		if _, err := app.Identify(ctx, s.config, ""); !errors.Is(err, token.ErrMissing) {
			s.fault("token", fmt.Sprint(err), databaseFix(err)...)
			return ""
		}
		s.ok("token", "SESSION_QUERY can be asked (with --token, whose session that is)")
		return ""
	}
	cookie = cookieOf(s.config, made)
	if _, err := app.Identify(ctx, s.config, cookie); err != nil {
		s.fault("token", "one made by the secret is refused: "+err.Error(), tokenFix(err)...)
		return cookie
	}
	s.ok("token", "made by the secret and verified (with --token, whether the app has the same secret)")
	return cookie
}

// tokenOf looks for the cookie in which the app keeps the token.
func (s start) tokenOf(ctx context.Context, given string) (cookie string) {
	var first error
	cookies := cookiesOf(s.config, given)
	for _, cookie := range cookies {
		claims, err := app.Identify(ctx, s.config, cookie)
		if err == nil {
			s.ok("token", "the app's is accepted: user %q, called %q, %s", claims.UserID, claims.Username, until(claims.Expires))
			if claims.Username == claims.UserID {
				s.nameless()
			}
			return cookie
		}
		first = cmp.Or(first, err)
	}
	fix := tokenFix(first)
	if _, value, _ := strings.Cut(cookies[0], "="); s.config.JWTSecret == "" && errors.Is(first, token.ErrMalformed) && strings.Count(value, ".") == 2 {
		fix = []string{"JWT_SECRET=${" + authSecretName(s.config) + "}, if the app signs its tokens with that: this one is signed, not encrypted"}
	}
	s.fault("token", "the app's is refused: "+first.Error(), fix...)
	return cookies[0]
}

// nameless warns of a name that nobody means.
func (s start) nameless() {
	fix := "the app should put the user's name into its tokens, as username or name"
	if s.config.SessionQuery != "" {
		fix = "SESSION_QUERY should give the user's name as its second column"
	}
	s.warn("token", "it has no name: rooms will see the user's id in its place", fix)
}

func authSecretName(c config.Config) string {
	if c.NextauthSecret != "" {
		return "NEXTAUTH_SECRET"
	}
	return "AUTH_SECRET"
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

// cookiesOf puts a token into each cookie in which the app may keep it: the name decides how Auth.js and Better Auth
// are read.
func cookiesOf(c config.Config, tok string) []string {
	cookies := []string{cookieOf(c, tok)}
	if cookies[0] == tok {
		return cookies
	}
	for _, name := range slices.Concat(token.AuthJSCookies, token.BetterAuthCookies) {
		cookies = append(cookies, name+"="+tok)
	}
	return cookies
}

func tokenFix(err error) []string {
	if fix := secretFix(err); fix != "" {
		return []string{fix}
	}
	return databaseFix(err) // which SESSION_QUERY is asked of
}

func secretFix(err error) string {
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
	case errors.Is(err, token.ErrAlgorithm):
		return "the app should sign its tokens with HS256 (and JWT_SECRET), or keep sessions that SESSION_QUERY finds"
	case errors.Is(err, token.ErrNoIdentity):
		return "the app should put the user's id into its tokens, as userId, id or sub"
	case errors.Is(err, token.ErrNotYet):
		return "the clocks of the app's machine and of this one should agree"
	case errors.Is(err, token.ErrMalformed), errors.Is(err, token.ErrTooLong):
		return "--token should be what the app's cookie holds in the browser, all of it and no more"
	}
	return ""
}

func until(expires time.Time) string {
	if expires.IsZero() {
		return "without an end"
	}
	return "until " + expires.UTC().Format(time.RFC3339)
}

package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/pkg/token"
)

// visitor is who the made-up token names, and the User-Agent from outside.
const visitor = "socketgate-check"

// visit is how long the made-up token is valid: longer than any check from outside takes.
const visit = 10 * time.Minute

// token has a token verified as a start would: the one that the app has made, or else one made like
// the app's. It returns the cookie that lets it in, and whom the app's names.
func (s start) token(ctx context.Context, ofApp string) (cookie, user string) {
	ctx, cancel := context.WithTimeout(ctx, databasePatience)
	defer cancel()
	minted, mintErr := compose.Mint(s.config, visitor, visitor, visit)
	switch {
	case ofApp != "":
		cookie = cookieOf(s.config, ofApp)
	case mintErr == nil:
		cookie = cookieOf(s.config, minted)
	}
	identity, err := compose.OpenIdentity(ctx, s.config, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		s.fault("token", err.Error(), tokenFix(err)...)
		return cookie, ""
	}
	defer identity.Close()
	if keys := identity.PublicKeys(); keys != nil {
		s.publicKeys(ctx, keys)
	}
	switch {
	case ofApp != "":
		return s.appToken(ctx, identity, ofApp)
	case mintErr != nil && s.config.SessionQuery != "": // sessions in the database can't be made up
		s.sessionQuery(ctx, identity)
	case mintErr == nil:
		return s.mintedToken(ctx, identity, cookie), ""
	}
	return cookie, ""
}

// publicKeys fetches what the login service publishes.
func (s start) publicKeys(ctx context.Context, keys *token.PublicKeys) {
	n, err := keys.Fetch(ctx)
	if err != nil {
		s.fault("token", "TOKEN_JWKS_URL: "+err.Error(), "set TOKEN_JWKS_URL to what the service calls its JWKS URL, and let the gateway reach it")
		return
	}
	s.ok("token", "TOKEN_JWKS_URL publishes %d keys that can be used (with --token, whether one has signed it)", n)
}

// whose tells who sends a handshake with this Cookie header.
func whose(ctx context.Context, identity *compose.Identity, cookie string) (token.Claims, error) {
	claims, _, err := identity.Authenticate(ctx, http.Header{"Cookie": {cookie}}, nil)
	return claims, err
}

// sessionQuery sees that a visitor without a session is told from a database that can't be asked.
func (s start) sessionQuery(ctx context.Context, identity *compose.Identity) {
	if _, err := whose(ctx, identity, ""); !errors.Is(err, token.ErrMissing) {
		s.fault("token", fmt.Sprint(err), databaseFix(err)...)
		return
	}
	s.ok("token", "SESSION_QUERY can be asked (with --token, whose session that is)")
}

// mintedToken returns the cookie if it lets in. A token that the app has not made is rightly revoked where the app keeps a list
// of those that are good.
func (s start) mintedToken(ctx context.Context, identity *compose.Identity, cookie string) string {
	switch _, err := whose(ctx, identity, cookie); {
	case errors.Is(err, token.ErrRevoked):
		s.ok("token", "made by the secret and verified; REVOKED_QUERY takes it for revoked, since the app did not make it (with --token, what it says of the app's)")
		return ""
	case err != nil:
		s.fault("token", "one made by the secret is refused: "+err.Error(), tokenFix(err)...)
	default:
		s.ok("token", "made by the secret and verified (with --token, whether the app has the same secret)")
	}
	return cookie
}

// appToken looks for the cookie in which the app keeps the token.
func (s start) appToken(ctx context.Context, identity *compose.Identity, given string) (cookie, user string) {
	var first error
	cookies := cookiesOf(s.config, given)
	for _, cookie := range cookies {
		claims, err := whose(ctx, identity, cookie)
		if err == nil {
			s.ok("token", "the app's is accepted: user %q, called %q, %s", claims.UserID, claims.Username, until(claims.Expires))
			if claims.Username == claims.UserID {
				s.nameless()
			}
			return cookie, claims.UserID
		}
		first = cmp.Or(first, err)
	}
	fix := tokenFix(first)
	if _, value, _ := strings.Cut(cookies[0], "="); s.config.JWTSecret == "" && errors.Is(first, token.ErrMalformed) && strings.Count(value, ".") == 2 {
		fix = []string{"JWT_SECRET=${" + authSecretName(s.config) + "}, if the app signs its tokens with that: this one is signed, not encrypted"}
	}
	s.fault("token", "the app's is refused: "+first.Error(), fix...)
	return cookies[0], ""
}

// nameless warns of a name that nobody means.
func (s start) nameless() {
	fix := "the app should put the user's name into its tokens, as username or name, or USER_QUERY ask for it"
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
	case errors.Is(err, token.ErrRevoked):
		return "log in anew, and take the token of that session; or let REVOKED_QUERY say true of ended logins only"
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

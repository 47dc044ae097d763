package token

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What better-call, the signer of Better Auth 1.7.25, made.
const (
	betterAuthSecret = "the secret of Better Auth"
	betterAuthToken  = "hJ4Tb8eN2u9ZkQ0xWv7LpRs3YcMd6AfG"
	fromBetterAuth   = "hJ4Tb8eN2u9ZkQ0xWv7LpRs3YcMd6AfG.J6oExRHp0Ih%2B9tGDitczPevy6%2F9aKzax2N6NFvX%2FUiQ%3D"
)

// What cookie-signature 1.2.2 made of the session "an id".
const (
	expressSecret = "keyboard cat"
	fromExpress   = "s%3Aan%20id.3bt4h2et9ocsOBmE0QRFLDIb4k8pJxLflf42UmkpE6k"
)

// book is a database of sessions by their tokens.
type book map[string]Claims

func (b book) look(_ context.Context, session string) (Claims, error) {
	if session == "down" {
		return Claims{}, fmt.Errorf("%w: connection refused", ErrUnavailable)
	}
	if c, ok := b[session]; ok {
		return c, nil
	}
	return Claims{}, ErrNoSession
}

var sessions = book{
	betterAuthToken: {UserID: "ada", Username: "Ada"},
	"an id":         {UserID: "bob", Username: "Bob", Expires: time.Now().Add(time.Hour)},
	"an old id":     {UserID: "bob", Username: "Bob", Expires: time.Now().Add(-time.Second)},
	"a.b.c":         {UserID: "cyd", Username: "Cyd"},
}

func TestEveryKindOfAppIsUnderstood(t *testing.T) {
	t.Parallel()
	signed := sign(hs256, `{"userId":"jay","username":"Jay"}`)
	old := sign(hs256, `{"userId":"jay","exp":1}`)
	jwt := Options{Cookie: "token", Secrets: [][]byte{[]byte(secret)}}
	auth := Options{Cookie: "token", AuthSecrets: [][]byte{[]byte(authJSSecret), []byte(nextAuthSecret)}}
	query := Options{Cookie: "token", Sessions: sessions.look}
	better := Options{Cookie: "token", Sessions: sessions.look, SessionSecret: []byte(betterAuthSecret)}
	all := Options{Cookie: "mine", Secrets: jwt.Secrets, AuthSecrets: auth.AuthSecrets, Sessions: sessions.look}
	express := Options{Cookie: "token", Sessions: sessions.look, CookieSecret: []byte(expressSecret)}
	both := Options{Cookie: "token", Sessions: sessions.look, CookieSecret: express.CookieSecret, AuthSecrets: auth.AuthSecrets, SessionSecret: better.SessionSecret}
	nextToExpress := Options{Cookie: "token", Sessions: sessions.look, CookieSecret: express.CookieSecret, AuthSecrets: auth.AuthSecrets}
	third := len(fromAuthJS) / 3
	for name, c := range map[string]struct {
		options      Options
		cookie       string
		auth         string
		user, source string
		want         error
	}{
		"JWT":                                         {jwt, "token=" + signed, "", "jay", "cookie", nil},
		"JWT as auth.token":                           {jwt, "", signed, "jay", "auth", nil},
		"JWT, nothing there":                          {jwt, "theme=dark", "", "", "", ErrMissing},
		"JWT, but the cookie is Auth.js'":             {jwt, authJSCookie + "=" + fromAuthJS, "", "", "", ErrMissing},
		"JWT, but the token is encrypted":             {jwt, "token=" + fromNextAuth, "", "", "cookie", ErrEncrypted},
		"JWT expired, with a good auth":               {jwt, "token=" + old, signed, "jay", "auth", nil},
		"JWT expired, with a bad auth":                {jwt, "token=" + old, "a.b.c", "", "cookie", ErrExpired},
		"a garbage duplicate before the JWT":          {jwt, "token=garbage; token=" + signed, "", "jay", "cookie", nil},
		"a sibling's JWT before __Host-":              {jwt, "token=" + sign(hs256, `{"userId":"eve"}`) + "; __Host-token=" + signed, "", "jay", "cookie", nil},
		"a sibling's JWT before __Secure-":            {jwt, "token=" + sign(hs256, `{"userId":"eve"}`) + "; __Secure-token=" + signed, "", "jay", "cookie", nil},
		"__Secure- beside __Host-":                    {jwt, "__Secure-token=" + sign(hs256, `{"userId":"eve"}`) + "; __Host-token=" + signed, "", "jay", "cookie", nil},
		"a sibling's JWT beside Auth.js":              {all, "mine=" + sign(hs256, `{"userId":"eve"}`) + "; " + authJSCookie + "=" + fromAuthJS, "", "user-1", "cookie", nil},
		"NextAuth":                                    {auth, "next-auth.session-token=" + fromNextAuth, "", "user-1", "cookie", nil},
		"NextAuth over HTTPS":                         {auth, "__Secure-next-auth.session-token=" + fromNextAuth, "", "user-1", "cookie", nil},
		"NextAuth as auth.token":                      {auth, "", fromNextAuth, "user-1", "auth", nil},
		"NextAuth in a cookie of its own":             {auth, "token=" + fromNextAuth, "", "user-1", "cookie", nil},
		"Auth.js":                                     {auth, authJSCookie + "=" + fromAuthJS, "", "user-1", "cookie", nil},
		"Auth.js in chunks":                           {auth, authJSCookie + ".1=" + fromAuthJS[third:2*third] + "; " + authJSCookie + ".2=" + fromAuthJS[2*third:] + "; " + authJSCookie + ".0=" + fromAuthJS[:third], "", "user-1", "cookie", nil},
		"Auth.js, a chunk is missing":                 {auth, authJSCookie + ".0=" + fromAuthJS[:third] + "; " + authJSCookie + ".2=" + fromAuthJS[2*third:], "", "", "cookie", ErrMalformed},
		"Auth.js beside another app's":                {auth, "token=" + signed + "; __Host-authjs.session-token=x; " + authJSCookie + "=" + fromAuthJS, "", "user-1", "cookie", nil},
		"Auth.js, but signed with its secret":         {auth, "token=" + sign(hs256, `{"sub":"eve"}`), "", "", "cookie", ErrMalformed},
		"a session":                                   {query, "token=an id", "", "bob", "cookie", nil},
		"a session of NextAuth":                       {query, "next-auth.session-token=an%20id", "", "bob", "cookie", nil},
		"a session of Auth.js":                        {query, "__Secure-authjs.session-token=an id", "", "bob", "cookie", nil},
		"a session as auth.token":                     {query, "", "an id", "bob", "auth", nil},
		"express-session":                             {express, "token=" + fromExpress, "", "bob", "cookie", nil},
		"express-session, forged":                     {express, "token=s%3Aan%20id.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", "", "cookie", ErrSignature},
		"express-session, padded":                     {express, "token=" + fromExpress + "%3D", "", "", "cookie", ErrSignature},
		"express-session, bare":                       {express, "token=s%3Aan%20id", "", "", "cookie", ErrSignature},
		"express-session, unsigned":                   {express, "token=an%20id", "", "", "cookie", ErrSignature},
		"express-session, unsigned in auth":           {express, "", `{"token":"an id"}`, "", "auth", ErrSignature},
		"express-session, unsigned, as Better Auth's": {express, "better-auth.session_token=an id", "", "", "cookie", ErrSignature},
		"express-session, signed, as Better Auth's":   {express, "better-auth.session_token=an id.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D", "", "", "cookie", ErrSignature},
		"express-session, unsigned, as Auth.js'":      {express, "__Secure-authjs.session-token=an id", "", "", "cookie", ErrSignature},
		"Auth.js' session beside express-session":     {nextToExpress, "__Secure-authjs.session-token=an id", "", "bob", "cookie", nil},
		"Better Auth beside express-session":          {both, "better-auth.session_token=" + fromBetterAuth, "", "ada", "cookie", nil},
		"express-session without its secret":          {query, "token=" + fromExpress, "", "", "cookie", ErrUnverified},
		"a session with dots":                         {query, "token=a.b.c", "", "cyd", "cookie", nil},
		"a session that has ended":                    {query, "token=an old id", "", "", "cookie", ErrExpired},
		"nobody's session":                            {query, "token=eve", "", "", "cookie", ErrNoSession},
		"a session that is too long":                  {query, "token=" + strings.Repeat("x", 17<<10), "", "", "cookie", ErrTooLong},
		"a session, database down":                    {query, "token=down", "", "", "cookie", ErrUnavailable},
		"database down for the second":                {query, "token=eve; next-auth.session-token=down", "", "", "cookie", ErrUnavailable},
		"Better Auth without its secret":              {query, "better-auth.session_token=" + fromBetterAuth, "", "ada", "cookie", nil},
		"Better Auth":                                 {better, "better-auth.session_token=" + fromBetterAuth, "", "ada", "cookie", nil},
		"Better Auth over HTTPS":                      {better, "__Secure-better-auth.session_token=" + fromBetterAuth, "", "ada", "cookie", nil},
		"Better Auth under another name":              {better, "token=" + fromBetterAuth, "", "ada", "cookie", nil},
		"Better Auth without a signature":             {better, "better-auth.session_token=" + betterAuthToken, "", "", "cookie", ErrSignature},
		"Better Auth, another signature":              {better, "better-auth.session_token=" + betterAuthToken + ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D", "", "", "cookie", ErrSignature},
		"Better Auth, a short signature":              {better, "better-auth.session_token=" + betterAuthToken + ".", "", "", "cookie", ErrSignature},
		"all, and a JWT":                              {all, "mine=" + signed, "", "jay", "cookie", nil},
		"all, and a forged JWT":                       {all, "mine=a.b.c", "", "", "cookie", ErrMalformed},
		"all, and Auth.js":                            {all, authJSCookie + "=" + fromAuthJS, "", "user-1", "cookie", nil},
		"all, and a session":                          {all, "mine=an id", "", "bob", "cookie", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := NewAuthenticator(c.options)
			if err != nil {
				t.Fatal(err)
			}
			auth, _ := json.Marshal(map[string]string{"token": c.auth})
			got, source, err := a.Authenticate(t.Context(), http.Header{"Cookie": {c.cookie}}, auth)
			if !errors.Is(err, c.want) || got.UserID != c.user || source != c.source {
				t.Errorf("%q from %q, %v, want %q from %q, %v", got.UserID, source, err, c.user, c.source, c.want)
			}
		})
	}
}

// Who is not logged in must not make the database work for every cookie that the gateway knows.
func TestHandshakeCostsAFewLookUpsAtMost(t *testing.T) {
	t.Parallel()
	asked := 0
	a, err := NewAuthenticator(Options{Cookie: "token", Sessions: func(context.Context, string) (Claims, error) {
		asked++
		return Claims{}, ErrNoSession
	}})
	if err != nil {
		t.Fatal(err)
	}
	var cookie strings.Builder
	for i, name := range a.cookies {
		fmt.Fprintf(&cookie, "%s=%d; ", name, i)
	}
	_, _, err = a.Authenticate(t.Context(), http.Header{"Cookie": {cookie.String()}}, nil)
	if !errors.Is(err, ErrNoSession) || asked > 4 {
		t.Errorf("asked %d times for %d cookies, %v", asked, len(a.cookies), err)
	}
}

func TestARevokedTokenLetsNobodyIn(t *testing.T) {
	t.Parallel()
	old := sign(hs256, `{"userId":"jay","jti":"t1","iat":1000}`)
	fresh := sign(hs256, `{"userId":"jay","jti":"t2"}`)
	asked := 0
	down := false
	a, err := NewAuthenticator(Options{Cookie: "token", Secrets: [][]byte{[]byte(secret)}, Revoked: func(_ context.Context, l Login) (bool, error) {
		asked++
		if down {
			return false, fmt.Errorf("%w: connection refused", ErrUnavailable)
		}
		return l == Login{UserID: "jay", TokenID: "t1", IssuedAt: 1000}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	authenticate := func(cookie string) (Claims, error) {
		claims, _, err := a.Authenticate(t.Context(), http.Header{"Cookie": {cookie}}, nil)
		return claims, err
	}
	if claims, err := authenticate("token=" + old); !errors.Is(err, ErrRevoked) || Reason(err) != "revoked" || claims.UserID != "jay" {
		t.Errorf("revoked: %+v, %v", claims, err)
	}
	if claims, err := authenticate("token=" + old + "; token=" + fresh); err != nil || claims.ID != "t2" {
		t.Errorf("beside a good one: %+v, %v", claims, err)
	}
	asked = 0
	authenticate("token=x.y.z; token=forged")
	if asked != 0 {
		t.Errorf("%d questions about what is no token", asked)
	}
	authenticate(strings.Repeat("token="+old+"; ", 14))
	if asked > maxSessions {
		t.Errorf("%d questions because of one handshake", asked)
	}
	down = true
	if _, err := authenticate("token=" + fresh); !errors.Is(err, ErrUnavailable) {
		t.Errorf("in an outage: %v", err)
	}
}

func TestAuthenticatorNeedsSomethingToGoBy(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"nothing":                   {Cookie: "token"},
		"an empty secret":           {Secrets: [][]byte{nil}},
		"an empty secret, replaced": {Secrets: [][]byte{[]byte(secret), {}}},
		"an empty Auth.js secret":   {AuthSecrets: [][]byte{{}}},
		"only who signs sessions":   {SessionSecret: []byte(secret)},
	} {
		if _, err := NewAuthenticator(o); err == nil {
			t.Errorf("%s: everybody could get in", name)
		}
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	tok, err := Mint([]byte(secret), "clx1a2b3c4d5e6f7g8h9i0j1k", "ada", time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	header := http.Header{"Cookie": {"theme=dark; token=" + tok}}
	for name, o := range map[string]Options{
		"JWT":             {Cookie: "token", Secrets: [][]byte{[]byte(secret)}},
		"JWT and Auth.js": {Cookie: "token", Secrets: [][]byte{[]byte(secret)}, AuthSecrets: [][]byte{[]byte(authJSSecret)}},
	} {
		a, err := NewAuthenticator(o)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := a.Authenticate(b.Context(), header, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package token

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Options say what the web app gives its users. One of Secrets, PublicKeys, AuthSecrets and Sessions must be there.
type Options struct {
	// Cookie is the name of the app's own cookie. Those of NextAuth, Auth.js and Better Auth are looked for as well, where
	// AuthSecrets or Sessions are there.
	Cookie string
	// Sources are further places to look in, at most MaxSources, behind all others.
	Sources []Source
	// Secrets verify signed tokens: the one in use, and those that it has replaced.
	Secrets [][]byte
	// PublicKeys, if there are any, verify what a login service has signed.
	PublicKeys *PublicKeys
	// AuthSecrets open the encrypted sessions of NextAuth 4 and Auth.js 5: each of them may be the one.
	AuthSecrets [][]byte
	// Sessions looks up whose a session is, by its token. It has a deadline of its own, and returns ErrNoSession, or
	// ErrUnavailable when it can't know.
	Sessions func(ctx context.Context, session string) (Claims, error)
	// SessionSecret, if there is one, must have signed the cookies of sessions, as Better Auth does.
	SessionSecret []byte
	// CookieSecret, if there is one, must have signed sessions, as express-session does ("s:…"), but for the cookies of Auth.js
	// beside AuthSecrets and of Better Auth beside SessionSecret. Without one a session that is signed so is refused: nobody could tell a made-up one.
	CookieSecret []byte
	// Expected is what signed tokens must say.
	Expected Expected
	// Revoked, if there is one, tells of a login that is good by itself whether the app has ended it. It has a deadline of its
	// own, and returns ErrUnavailable when it can't know.
	Revoked func(ctx context.Context, login Login) (bool, error)
}

// An Authenticator tells who is at the other end of a handshake. It may be used from many goroutines at once.
type Authenticator struct {
	cookies       []string
	sources       []Source
	verifier      *Verifier // nil without Secrets and PublicKeys
	authJS        *AuthJS   // nil without AuthSecrets
	sessions      func(ctx context.Context, session string) (Claims, error)
	sessionSecret []byte
	cookieSecret  []byte
	revoked       func(ctx context.Context, login Login) (bool, error)
	now           func() time.Time
}

// NewAuthenticator makes the keys. An error means that the options can't work.
func NewAuthenticator(o Options) (*Authenticator, error) {
	a := &Authenticator{cookies: []string{o.Cookie}, sources: o.Sources, sessions: o.Sessions, sessionSecret: bytes.Clone(o.SessionSecret),
		cookieSecret: bytes.Clone(o.CookieSecret), revoked: o.Revoked, now: time.Now}
	if len(o.Sources) > MaxSources {
		return nil, fmt.Errorf("authenticator: more than %d sources", MaxSources)
	}
	if len(o.Secrets) == 0 && o.PublicKeys == nil && len(o.AuthSecrets) == 0 && o.Sessions == nil {
		return nil, errors.New("authenticator: no secret, and no sessions")
	}
	if o.Sessions != nil {
		a.cookies = append(a.cookies, BetterAuthCookies...)
	}
	if o.Sessions != nil || len(o.AuthSecrets) > 0 {
		a.cookies = append(a.cookies, AuthJSCookies...)
	}
	a.cookies = trustedFirst(a.cookies)
	var err error
	if len(o.Secrets) > 0 || o.PublicKeys != nil {
		if a.verifier, err = newVerifier(o.PublicKeys, o.Secrets...); err != nil {
			return nil, err
		}
		a.verifier.Expect(o.Expected)
	}
	if len(o.AuthSecrets) > 0 {
		if a.authJS, err = NewAuthJS(slices.Compact(slices.Sorted(slices.Values(a.cookies))), o.AuthSecrets...); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Authenticate returns who sent a handshake with this header and this payload of the CONNECT packet (may be nil), and where
// the token was: "cookie", "auth", "header", "query", or "" where there was none.
//
// Every credential that came is tried, in the order of Find, cookies whose prefix only the site itself could have set before
// others; the first good one counts, or else the first one's error. Of sessions only the first four are looked up, and of no
// more than four is asked whether they were revoked. But where that could not be asked, and nothing else is good, it is
// ErrUnavailable: that one may be. With ErrRevoked come the claims that were revoked.
func (a *Authenticator) Authenticate(ctx context.Context, header http.Header, auth json.RawMessage) (Claims, string, error) {
	found, err := Find(header, auth, a.cookies...)
	if len(a.sources) > 0 {
		found = append(found, fromSources(ctx, a.sources, header, auth)...)
	}
	if len(found) == 0 {
		return Claims{}, "", err
	}
	var first, unavailable error
	var revoked Claims
	asked, judged := 0, 0
	for _, f := range found {
		if a.isSession(f) {
			if unavailable != nil || asked == maxSessions {
				continue // one wait is enough
			}
			asked++
		}
		claims, err := a.identify(ctx, f)
		if err == nil && a.revoked != nil {
			if judged++; judged > maxSessions {
				break
			}
			err = a.judge(ctx, claims)
		}
		switch {
		case err == nil:
			return claims, f.Source, nil
		case errors.Is(err, ErrRevoked) && first == nil:
			first, revoked = err, claims
		case errors.Is(err, ErrUnavailable):
			unavailable = err
		case first == nil:
			first = err
		}
	}
	if unavailable != nil {
		return Claims{}, found[0].Source, unavailable
	}
	return revoked, found[0].Source, first
}

// judge asks whether a login has been revoked.
func (a *Authenticator) judge(ctx context.Context, claims Claims) error {
	revoked, err := a.revoked(ctx, claims.Login())
	if err == nil && revoked {
		return ErrRevoked
	}
	return err
}

// maxSessions bounds what one handshake asks of the database: the app's own cookie, and one of each library.
const maxSessions = 4

// isSession tells a token that is looked up from those that can be read.
func (a *Authenticator) isSession(f Found) bool {
	if strings.HasPrefix(f.Token, cookieSigned) {
		return a.sessions != nil
	}
	dots := strings.Count(f.Token, ".")
	return a.sessions != nil && !(dots == 4 && a.authJS != nil) && !(dots == 2 && a.verifier != nil)
}

// identify goes by the form of a token: encrypted ones have five parts, signed ones three, and what is neither, or can't be
// as there is no key for it, is a session's.
func (a *Authenticator) identify(ctx context.Context, f Found) (Claims, error) {
	dots := strings.Count(f.Token, ".")
	switch {
	case a.isSession(f):
		return a.session(ctx, f)
	case dots == 4 && a.authJS == nil:
		return Claims{}, ErrEncrypted
	case dots != 4 && a.verifier != nil:
		return a.verifier.Verify(ctx, f.Token)
	}
	return a.authJS.Verify(f.Token, f.Cookie)
}

// isLibrarys tells of a cookie of sessions that express-session does not sign. The library's secret must be there: by its name alone anybody could
// have an id looked up without a signature.
func (a *Authenticator) isLibrarys(cookie string) bool {
	return len(a.sessionSecret) > 0 && slices.Contains(BetterAuthCookies, cookie) || a.authJS != nil && slices.Contains(AuthJSCookies, cookie)
}

func (a *Authenticator) session(ctx context.Context, f Found) (Claims, error) {
	if len(f.Token) > maxLen {
		return Claims{}, ErrTooLong
	}
	session, ok := f.Token, false
	if strings.HasPrefix(session, cookieSigned) {
		if len(a.cookieSecret) == 0 {
			return Claims{}, ErrUnverified
		}
		if session, ok = unsignExpress(session, a.cookieSecret); !ok {
			return Claims{}, ErrSignature
		}
	} else if len(a.cookieSecret) > 0 && !a.isLibrarys(f.Cookie) {
		return Claims{}, ErrSignature // the app itself takes no session's id without a signature
	} else if len(a.sessionSecret) > 0 {
		if session, ok = unsign(f.Token, a.sessionSecret); !ok {
			return Claims{}, ErrSignature
		}
	} else if dot := strings.LastIndexByte(session, '.'); dot > 0 && slices.Contains(BetterAuthCookies, f.Cookie) {
		session = session[:dot] // the signature adds nothing to a token that can't be guessed
	}
	claims, err := a.sessions(ctx, session)
	if err == nil && !claims.Expires.IsZero() && !a.now().Before(claims.Expires) {
		return Claims{}, ErrExpired
	}
	return claims, err
}

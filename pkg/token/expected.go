package token

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Expected is what a signed token must say besides who the user is. Apps sign other things with the same secret, links to
// reset a password or refresh tokens, and whoever holds one of those has not logged in. The zero value expects nothing,
// but refuses what calls itself something else than a login.
type Expected struct {
	// Audience lists the values of which aud must have one. Empty means any.
	Audience []string
	// Issuer is what iss must be. Empty means any.
	Issuer string
	// Type is what one of the claims type, typ, token_type, tokenType, token_use, tokenUse, use, kind and purpose must be, or typ in the
	// token's header. Empty means anything but the words by which apps call what is not a login (see otherUses).
	Type string
	// Claims must be there and, where the text is not empty, have that text.
	Claims map[string]string
	// MaxAge is how long after its iat a token without exp is good. Zero means for ever; a token with neither is good in any
	// case.
	MaxAge time.Duration
}

// typeClaims are where apps say what a token is for.
var typeClaims = [...]string{"type", "typ", "token_type", "tokenType", "token_use", "tokenUse", "use", "kind", "purpose", "action", "intent"}

// otherUses are how the words begin by which apps call tokens that are not for logging in.
var otherUses = [...]string{"refresh", "reset", "forgot", "recover", "verif", "confirm", "activat", "invit", "unsubscrib", "magic",
	"mfa", "2fa", "otp", "twofactor", "preauth"} // the last are for who has yet to show a second factor

// check compares a token's claims, and the typ of its header, with what is expected.
func (e Expected) check(c *Claims, fields fields, headerType string, now time.Time) error {
	switch {
	case len(e.Audience) > 0 && !slices.ContainsFunc(texts(fields.get("aud")), func(aud string) bool { return slices.Contains(e.Audience, aud) }):
		return ErrAudience
	case e.Issuer != "" && !slices.Equal(texts(fields.get("iss")), []string{e.Issuer}):
		return ErrIssuer
	case !e.fitsType(fields, headerType):
		return ErrType
	}
	for name, want := range e.Claims {
		if text, _ := firstText(fields, []string{name}, nil); want != "" && text != want || missing(fields.get(name)) {
			return fmt.Errorf("%w: %s", ErrClaim, name)
		}
	}
	if c.Endless && e.MaxAge > 0 && !c.IssuedAt.IsZero() {
		c.Expires = c.IssuedAt.Add(e.MaxAge)
		if !now.Before(c.Expires) {
			return fmt.Errorf("%w: it has no exp, and was issued at %s", ErrExpired, c.IssuedAt.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

func (e Expected) fitsType(fields fields, headerType string) bool {
	if e.Type != "" && strings.EqualFold(headerType, e.Type) {
		return true
	}
	if e.Type == "" && isOtherUse(headerType) {
		return false
	}
	for _, claim := range typeClaims {
		for _, text := range texts(fields.get(claim)) {
			if e.Type != "" && text == e.Type {
				return true
			}
			if e.Type == "" && isOtherUse(text) {
				return false
			}
		}
	}
	return e.Type == ""
}

func isOtherUse(text string) bool {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.ContainsFunc(otherUses[:], func(use string) bool { return strings.Contains(word, use) })
	})
}

// texts returns a claim that is a text, or a list of them, as aud may be.
func texts(claim json.RawMessage) []string {
	if len(claim) == 0 {
		return nil
	}
	if text, ok := unquote(claim); ok {
		return []string{text}
	}
	var one string
	if json.Unmarshal(claim, &one) == nil {
		return []string{one}
	}
	var list []string
	if json.Unmarshal(claim, &list) != nil {
		return nil
	}
	return list
}

// missing tells a claim that is not there, or says nothing.
func missing(claim json.RawMessage) bool {
	return len(claim) == 0 || slices.Contains([]string{"null", `""`, "false"}, string(claim))
}

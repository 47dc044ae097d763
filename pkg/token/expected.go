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
	// Type is what one of the claims type, typ, token_type, token_use, purpose and the like must be (see roles), in whatever spelling, or
	// typ in the token's header. Empty means anything but the words by which apps call what is not a login (see otherUses).
	Type string
	// Claims must be there and, where the text is not empty, have that text.
	Claims map[string]string
	// MaxAge is how long after its iat a token without exp is good. Zero means for ever; a token with neither is good in any
	// case.
	MaxAge time.Duration
}

// A role is how a claim may say what a token is for.
type role byte

const (
	noRole    role = iota
	typeRole       // by one of otherUses, or by being Expected.Type
	looseRole      // by otherUses alone: what else is in the list is granted beside the login
	flagRole       // by being true
)

// roles are the claims by which apps say what a token is for, without case and punctuation. Whether a user has a second factor, or a
// verified address, says no such thing.
var roles = func() map[string]role {
	all := make(map[string]role)
	for _, name := range strings.Fields("type typ use usage kind purpose action intent reason flow tokentype tokenuse tokenusage tokenkind tokenpurpose tokenfor granttype") {
		all[name] = typeRole
	}
	for _, name := range []string{"aud", "scope", "scp"} {
		all[name] = looseRole
	}
	for _, name := range strings.Fields("refresh refreshtoken reset resettoken resetpassword passwordreset passwordresettoken forgotpassword verifyemail emailverification " +
		"verification magiclink invite invitation preauth mfapending pendingmfa mfarequired requiresmfa needsmfa 2fapending pending2fa 2farequired requires2fa needs2fa " +
		"twofactorpending pendingtwofactor twofactorrequired requirestwofactor needstwofactor otppending otprequired requiresotp") {
		all[name], all["is"+name] = flagRole, flagRole
	}
	return all
}()

// otherUses are what a word holds by which apps call tokens that are not for logging in; otherPhrases are several words.
var (
	otherUses = strings.Fields("refresh reset forgot recover verif confirm activat invit unsubscrib magic passwordless challenge csrf xsrf download upload " +
		"mfa 2fa otp") // these are for who has yet to show a second factor
	otherPhrases = strings.Fields("twofactor twofa multifactor secondfactor preauth onetime changepassword passwordchange changeemail emailchange deleteaccount accountdeletion")
)

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
	for _, claim := range fields {
		switch roleOf(claim.name) {
		case typeRole:
			list := texts(claim.value)
			if e.Type != "" && slices.Contains(list, e.Type) {
				return true
			}
			if e.Type == "" && slices.ContainsFunc(list, isOtherUse) {
				return false
			}
		case looseRole:
			if e.Type == "" && (len(e.Audience) == 0 || string(claim.name) != "aud") && areOtherUses(texts(claim.value)) {
				return false
			}
		case flagRole:
			if e.Type == "" && string(claim.value) == "true" {
				return false
			}
		}
	}
	return e.Type == ""
}

// areOtherUses tells whether nothing else is in a list. What has a dot or a colon is a host, or somebody's right.
func areOtherUses(list []string) bool {
	words := strings.Fields(strings.Join(list, " "))
	return len(words) > 0 && !slices.ContainsFunc(words, func(word string) bool { return strings.ContainsAny(word, ".:/") || !isOtherUse(word) })
}

func isOtherUse(text string) bool {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	holds := func(text string, uses []string) bool {
		return slices.ContainsFunc(uses, func(use string) bool { return strings.Contains(text, use) })
	}
	return slices.ContainsFunc(words, func(word string) bool { return holds(word, otherUses) }) || holds(strings.Join(words, ""), otherPhrases)
}

// roleOf takes token_type and tokenType for one.
func roleOf(name []byte) role {
	var room [24]byte // longer than all that have a role
	plain := room[:0]
	for _, c := range name {
		switch {
		case c == '_' || c == '-':
			continue
		case len(plain) == len(room):
			return noRole
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		plain = append(plain, c)
	}
	return roles[string(plain)]
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

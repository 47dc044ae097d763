package token

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Claims say who holds a token, and until when.
type Claims struct {
	// UserID is the first of the claims userId, id, sub, _id that is a non-empty string, as is, or an integer, in
	// decimal with every digit kept. Never empty.
	UserID string
	// UserIDJSON is the same claim as JSON, a string or a number as the app wrote it, ready to be embedded. A number that JavaScript would
	// round, or call another, is a string.
	UserIDJSON json.RawMessage
	// Username is the first of username, name, preferred_username, nickname, by the same rule, that is no e-mail address: rooms
	// are told it, and nobody asked to have the address told. Without one it is UserID, or of a UserID that is an address what
	// stands before the @.
	Username string
	// Named tells whether the token had a name. If not, whoever knows the user better should say it.
	Named bool
	// Expires is when the token ends: when its exp passes or, without exp, when it has reached Expected.MaxAge. Zero means
	// never.
	Expires time.Time
	// Endless tells that the token had no exp.
	Endless bool
	// IssuedAt is the token's iat, ID its jti. Zero and empty where it has none.
	IssuedAt time.Time
	ID       string
	// Session is the token of the session that was looked up, empty where a token was read. It is a secret.
	Session string
}

// Login is what the app's database can be asked about a login that has been let in: whether it has ended since. Session is a
// secret; neither it nor the whole is to be logged.
type Login struct {
	UserID   string
	TokenID  string // the token's jti; empty where it has none
	IssuedAt int64  // the token's iat in seconds since 1970; 0 where it has none
	Session  string // the session's token; empty where a token was read
}

// Login returns what there is to ask about these claims later.
func (c Claims) Login() Login {
	l := Login{UserID: c.UserID, TokenID: c.ID, Session: c.Session}
	if !c.IssuedAt.IsZero() {
		l.IssuedAt = c.IssuedAt.Unix()
	}
	return l
}

var (
	identityClaims = [...]string{"userId", "id", "sub", "_id"}
	nameClaims     = [...]string{"username", "name", "preferred_username", "nickname"}
)

// readClaims decodes the verified payload of a token.
func readClaims(payload []byte, now time.Time) (Claims, fields, error) {
	fields, ok := readFields(payload)
	if !ok {
		return Claims{}, nil, fmt.Errorf("%w: claims are not a JSON object", ErrMalformed)
	}
	c := Claims{}
	var err error
	if c.Expires, err = validity(fields, now); err != nil {
		return Claims{}, nil, err
	}
	c.Endless = c.Expires.IsZero()
	c.IssuedAt, _ = numericDate(fields, "iat") // one that can't be read is none
	c.UserID, c.UserIDJSON = firstText(fields, identityClaims[:], nil)
	if c.UserID == "" {
		return Claims{}, nil, ErrNoIdentity
	}
	c.UserIDJSON = bytes.Clone(c.UserIDJSON) // it is kept, and all the claims with it otherwise
	c.ID, _ = firstText(fields, []string{"jti"}, nil)
	c.Username, _ = firstText(fields, nameClaims[:], isAddress)
	c.SetName()
	return c, fields, nil
}

// SetName fills in Named, and a Username where none was said, or an e-mail address: see there.
func (c *Claims) SetName() {
	if c.Named = c.Username != "" && !isAddress(c.Username); c.Named {
		return
	}
	c.Username = c.UserID
	if isAddress(c.UserID) {
		c.Username, _, _ = strings.Cut(c.UserID, "@")
	}
}

// isAddress tells what is an e-mail address, or has one in it, from a name: "ann@example.com" and "Ann <ann@example.com>", but
// not "@ann" or "ann @ work".
func isAddress(text string) bool {
	return slices.ContainsFunc(strings.Fields(text), func(word string) bool {
		local, domain, found := strings.Cut(word, "@")
		return found && local != "" && domain != ""
	})
}

// validity checks nbf and exp against now and returns when the token expires, zero for never.
func validity(fields fields, now time.Time) (time.Time, error) {
	notBefore, err := numericDate(fields, "nbf")
	if err != nil {
		return time.Time{}, err
	}
	if now.Add(nbfLeeway).Before(notBefore) {
		return time.Time{}, fmt.Errorf("%w: it starts at %s", ErrNotYet, notBefore.UTC().Format(time.RFC3339))
	}
	expires, err := numericDate(fields, "exp")
	if err != nil {
		return time.Time{}, err
	}
	if !expires.IsZero() && !now.Before(expires) {
		return time.Time{}, fmt.Errorf("%w: at %s", ErrExpired, expires.UTC().Format(time.RFC3339))
	}
	return expires, nil
}

// numericDate reads a claim of seconds since 1970, which may have a fraction. An absent claim is the zero time; one
// that is not a number is an error, as ignoring it would make the token live for ever.
func numericDate(fields fields, name string) (time.Time, error) {
	raw := fields.get(name)
	if raw == nil {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseFloat(string(raw), 64) // of valid JSON it takes the numbers
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %s is not a number", ErrMalformed, name)
	}
	const lastYear = 253402300799 // 9999-12-31, where JavaScript's and Go's text forms of a time end
	whole, fraction := math.Modf(min(max(seconds, 0), lastYear))
	return time.Unix(int64(whole), int64(fraction*1e9)), nil
}

// firstText returns the first of the named claims that is an integer, or a non-empty string that is not left out, as text and
// as JSON.
func firstText(fields fields, names []string, leaveOut func(string) bool) (string, json.RawMessage) {
	for _, name := range names {
		raw := fields.get(name)
		if isInteger(raw) {
			return integer(raw)
		}
		text, ok := unquote(raw)
		if !ok || text == "" || leaveOut != nil && leaveOut(text) {
			continue
		}
		if !utf8.Valid(raw) { // clients would close the connection on such a frame
			raw, _ = json.Marshal(text)
		}
		return text, raw
	}
	return "", nil
}

// integer gives one with all of its digits.
func integer(raw json.RawMessage) (string, json.RawMessage) {
	switch n, err := strconv.ParseInt(string(raw), 10, 64); {
	case err != nil || !rawjson.IsExact(n):
		return string(raw), rawjson.Quote(string(raw))
	case n == 0: // of -0 JavaScript has no text
		return "0", json.RawMessage("0")
	}
	return string(raw), raw
}

// isInteger tells an integer by its JSON text, so that ids beyond 2^53 keep their digits.
func isInteger(raw json.RawMessage) bool {
	digits := raw
	if len(digits) > 1 && digits[0] == '-' {
		digits = digits[1:]
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(digits) > 0
}

package token

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// Find returns the token of a handshake and where it was: "cookie", "auth" or "header". The first place that has one
// decides, even if it turns out to be bad; ErrMissing means that none has.
//
// The order is the cookie of the given name (percent-encoding undone; of duplicates the first, as browsers send the
// most specific path first), token in auth (the JSON payload of the CONNECT packet, may be nil), and the
// Authorization header. "Bearer ", in any case, is taken off.
func Find(header http.Header, auth json.RawMessage, cookie string) (tok string, from string, err error) {
	if tok := fromCookie(header, cookie); tok != "" {
		return tok, "cookie", nil
	}
	if tok := fromAuth(auth); tok != "" {
		return tok, "auth", nil
	}
	if tok := trimBearer(header.Get("Authorization")); tok != "" && !strings.Contains(tok, " ") { // "Basic x" is not for us
		return tok, "header", nil
	}
	return "", "", ErrMissing
}

func fromCookie(header http.Header, name string) string {
	c, err := (&http.Request{Header: header}).Cookie(name)
	if err != nil {
		return ""
	}
	value := c.Value
	if strings.Contains(value, "%") {
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
	}
	return trimBearer(value)
}

func fromAuth(auth json.RawMessage) string {
	if len(auth) == 0 {
		return ""
	}
	var payload struct {
		Token string `json:"token"`
	}
	if json.Unmarshal(auth, &payload) != nil {
		return ""
	}
	return trimBearer(payload.Token)
}

func trimBearer(s string) string {
	s = strings.TrimSpace(s)
	if scheme, rest, _ := strings.Cut(s, " "); strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(rest)
	}
	return s
}

// CookieNames lists the names of the cookies in h, for the log line that explains a missing token: at most 20, each
// cut to 40 bytes, so that a token sent by mistake as a name does not get past its header.
func CookieNames(h http.Header) []string {
	const most, longest = 20, 40
	cookies := (&http.Request{Header: h}).Cookies()
	names := make([]string, 0, min(len(cookies), most))
	for _, c := range cookies[:min(len(cookies), most)] {
		names = append(names, c.Name[:min(len(c.Name), longest)])
	}
	return names
}

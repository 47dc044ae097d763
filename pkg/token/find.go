package token

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Found is a token of a handshake and where it was.
type Found struct {
	Token  string
	Source string // "cookie", "auth" or "header"
	Cookie string // the cookie's name, without the number of a chunk
}

// Find returns the token of a handshake, or one for each of the named cookies that it has. The first place that has any
// decides, even if it turns out to be bad; ErrMissing means that none has.
//
// The order is the cookies (percent-encoding undone; of duplicates the first, as browsers send the most specific path
// first; a large one may be cut into chunks, name.0, name.1 and so on, as Auth.js does), token in auth (the JSON payload of
// the CONNECT packet, may be nil), and the Authorization header. "Bearer ", in any case, is taken off.
func Find(header http.Header, auth json.RawMessage, cookies ...string) ([]Found, error) {
	if found := fromCookies(header, cookies); found != nil {
		return found, nil
	}
	if tok := fromAuth(auth); tok != "" {
		return []Found{{Token: tok, Source: "auth"}}, nil
	}
	if tok := trimBearer(header.Get("Authorization")); tok != "" && !strings.Contains(tok, " ") { // "Basic x" is not for us
		return []Found{{Token: tok, Source: "header"}}, nil
	}
	return nil, ErrMissing
}

func fromCookies(header http.Header, names []string) []Found {
	jar := (&http.Request{Header: header}).Cookies()
	var found []Found
	for _, name := range names {
		value, ok := named(jar, name)
		if !ok {
			value = chunks(jar, name)
		}
		if tok := trimBearer(unescape(value)); tok != "" {
			found = append(found, Found{Token: tok, Source: "cookie", Cookie: name})
		}
	}
	return found
}

func named(jar []*http.Cookie, name string) (value string, ok bool) {
	for _, c := range jar {
		if c.Name == name {
			return c.Value, true
		}
	}
	return "", false
}

// maxChunks is more than the bytes of a token could need at 4 KiB each.
const maxChunks = 8

// chunks joins what name.0, name.1 and so on hold, up to the first that is missing.
func chunks(jar []*http.Cookie, name string) string {
	var value string
	for i := range maxChunks {
		part, ok := named(jar, name+"."+strconv.Itoa(i))
		if !ok {
			break
		}
		value += part
	}
	return value
}

func unescape(value string) string {
	if strings.Contains(value, "%") {
		if plain, err := url.PathUnescape(value); err == nil {
			return plain
		}
	}
	return value
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

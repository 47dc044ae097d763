package token

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Found is a token of a handshake and where it was.
type Found struct {
	Token  string
	Source string // "cookie", "auth", "header" or "query"
	Cookie string // the cookie's name, without the number of a chunk
}

// maxFound bounds what one handshake has verified. An honest one has two or three credentials.
const maxFound = 16

// Find returns the credentials of a handshake, at most 16, in the order in which they should be tried; ErrMissing means that
// there is none.
//
// First come the cookies of these names, in the order of the names (percent-encoding undone; a large one may be cut into
// chunks, name.0, name.1 and so on, as Auth.js does), every duplicate of one among them: a page of a sibling domain can set
// one beside the site's own, and must not lock its user out by that. Then comes token in auth (the JSON payload of the
// CONNECT packet, may be nil), and last the Authorization header. "Bearer ", in any case, is taken off.
func Find(header http.Header, auth json.RawMessage, cookies ...string) ([]Found, error) {
	found := fromCookies(header, cookies)
	if tok := fromAuth(auth); tok != "" {
		found = append(found, Found{Token: tok, Source: "auth"})
	}
	if tok := trimBearer(header.Get("Authorization")); tok != "" && !strings.Contains(tok, " ") { // "Basic x" is not for us
		found = append(found, Found{Token: tok, Source: "header"})
	}
	if len(found) == 0 {
		return nil, ErrMissing
	}
	return found, nil
}

// maxCookies leaves room for auth and the header, whatever the cookies are.
const maxCookies = maxFound - 2

func fromCookies(header http.Header, names []string) []Found {
	jar := (&http.Request{Header: header}).Cookies()
	var found []Found
	for _, name := range names {
		for _, value := range values(jar, name) {
			if tok := trimBearer(unescape(value)); tok != "" && len(found) < maxCookies {
				found = append(found, Found{Token: tok, Source: "cookie", Cookie: name})
			}
		}
	}
	return found
}

// values returns what every cookie of a name holds, or else what its chunks hold together.
func values(jar []*http.Cookie, name string) []string {
	var whole []string
	chunked := false
	for _, c := range jar {
		rest, begins := strings.CutPrefix(c.Name, name)
		switch {
		case begins && rest == "":
			whole = append(whole, c.Value)
		case begins && rest == ".0":
			chunked = true
		}
	}
	if whole == nil && chunked {
		return []string{chunks(jar, name)}
	}
	return whole
}

// Prefixes of cookies that a browser takes from the site itself over HTTPS only (RFC 6265bis, section 4.1.3): of __Host- the
// sibling domains can't set one either.
const (
	hostPrefix   = "__Host-"
	securePrefix = "__Secure-"
)

// trustedFirst returns the names with those that they have under a prefix, the more trustworthy prefix first, so that no
// plain cookie that a sibling domain has set comes before the site's own.
func trustedFirst(names []string) []string {
	var host, secure, plain []string
	for _, name := range names {
		bare := strings.TrimPrefix(strings.TrimPrefix(name, hostPrefix), securePrefix)
		host = append(host, hostPrefix+bare)
		secure = append(secure, securePrefix+bare)
		plain = append(plain, bare)
	}
	var all []string
	for _, name := range slices.Concat(host, secure, plain) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// maxChunks is more than the bytes of a token could need at 4 KiB each.
const maxChunks = 8

// chunks joins what name.0, name.1 and so on hold, up to the first that is missing.
func chunks(jar []*http.Cookie, name string) string {
	var value string
	for i := range maxChunks {
		chunk := name + "." + strconv.Itoa(i)
		at := slices.IndexFunc(jar, func(c *http.Cookie) bool { return c.Name == chunk })
		if at < 0 {
			break
		}
		value += jar[at].Value
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

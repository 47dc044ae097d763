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
// CONNECT packet, may be nil), and last the Authorization header. "Bearer ", "JWT " and "Token ", in any case, are taken off.
func Find(header http.Header, auth json.RawMessage, cookies ...string) ([]Found, error) {
	found := fromCookies(header, cookies)
	if tok := fromAuth(auth); tok != "" {
		found = append(found, Found{Token: tok, Source: "auth"})
	}
	if tok := trimScheme(header.Get("Authorization")); tok != "" && !strings.Contains(tok, " ") { // "Basic x" is not for us
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
			if tok := trimScheme(unescape(value)); tok != "" && len(found) < maxCookies {
				found = append(found, Found{Token: tok, Source: "cookie", Cookie: name})
			}
		}
	}
	return found
}

// values returns what every cookie of a name holds, and then what its chunks hold together: one that a sibling domain has set must
// not hide the site's own, whichever of the two is in chunks.
func values(jar []*http.Cookie, name string) (all []string) {
	for _, c := range jar {
		if c.Name == name {
			all = append(all, c.Value)
		}
	}
	return append(all, chunks(jar, name)...)
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

const (
	maxChunks  = 8 // more than the bytes of a token could need at 4 KiB each
	maxChunked = 4 // ways to put them together where some are there twice
)

// chunks joins what name.0, name.1 and so on hold, up to the first that is missing: in each way that there is where one is there several
// times, and then without the last ones.
func chunks(jar []*http.Cookie, name string) (all []string) {
	var joined []string
	for i := range maxChunks {
		var longer []string
		chunk := name + "." + strconv.Itoa(i)
		for _, c := range jar {
			if c.Name != chunk {
				continue
			}
			if i == 0 {
				longer = append(longer, c.Value)
			}
			for _, before := range joined {
				longer = append(longer, before+c.Value)
			}
		}
		if longer == nil {
			break
		}
		joined = longer[:min(len(longer), maxChunked)]
		all = append(slices.Clone(joined), all...)
	}
	return all
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
	return trimScheme(payload.Token)
}

// schemes are what stands before a token in a header, and in what clients copy from there.
var schemes = []string{"Bearer", "JWT", "Token"}

func trimScheme(s string) string {
	s = strings.TrimSpace(s)
	scheme, rest, _ := strings.Cut(s, " ")
	if slices.ContainsFunc(schemes, func(known string) bool { return strings.EqualFold(known, scheme) }) {
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

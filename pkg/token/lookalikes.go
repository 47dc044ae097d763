package token

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Lookalikes names where a handshake has what looks like a token, in places that are not looked in unless somebody says so: auth.jwt,
// query.token and header.x-token as TOKEN_SOURCES has them, and cookie.session. Nothing of a value is in them. There are at most five.
func Lookalikes(header http.Header, auth json.RawMessage, query url.Values) (places []string) {
	note := func(place, name, value string) {
		if value = trimScheme(value); sourceName.MatchString(name) && (isSigned(value) || value != "" && namesToken(name)) {
			places = append(places, place+"."+name)
		}
	}
	var payload map[string]json.RawMessage
	_ = json.Unmarshal(auth, &payload) // what is no object has none
	for name, value := range payload {
		text, _ := unquote(value)
		note("auth", name, text)
	}
	for name := range query {
		note("query", name, query.Get(name))
	}
	for name := range header {
		if name != "Cookie" && name != "Authorization" && (isSigned(trimScheme(header.Get(name))) || strings.HasSuffix(name, "Token")) {
			note("header", strings.ToLower(name), header.Get(name))
		}
	}
	for _, c := range (&http.Request{Header: header}).Cookies() {
		if value := unescape(c.Value); isSigned(value) {
			note("cookie", c.Name, value)
		}
	}
	slices.Sort(places)
	places = slices.Compact(places)
	return places[:min(len(places), 5)]
}

// isSigned tells what has the form of a JWT, signed or encrypted: its header is JSON in base64.
func isSigned(text string) bool {
	dots := strings.Count(text, ".")
	return (dots == 2 || dots == 4) && strings.HasPrefix(text, "eyJ")
}

func namesToken(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "token") || strings.Contains(name, "jwt") || strings.Contains(name, "auth")
}

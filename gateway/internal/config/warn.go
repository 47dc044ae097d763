package config

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// warn notes what is allowed and yet suspicious.
func (c *Config) warn(env environment) {
	note := func(format string, args ...any) { c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...)) }

	if s := string(c.JWTSecret); isQuoted(s) {
		note("JWT_SECRET is in quotes, which are taken as part of it; remove them unless the web app has them too")
	} else if s != strings.TrimSpace(s) {
		note("JWT_SECRET has white space or a line feed around it, which is taken as part of it; remove it unless the web app has it too")
	}
	c.warnOfSecrets(note)
	if !c.AppHandles() {
		c.warnOfHandlers(note)
	}
	if slices.Contains(c.AllowedOrigins, "*") {
		note("ALLOWED_ORIGINS has *: any web site can connect as the user who visits it")
	}
	if isPublic(c.AdminAddr) {
		note("ADMIN_ADDR=%s can be reached from outside: its profiles hold what is in memory; let it be 127.0.0.1, or keep others from that port", c.AdminAddr)
	}
	if isPublic(c.APIAddr) {
		note("API_ADDR=%s can be reached from outside: whoever has API_KEY speaks for everybody, and without TLS the key can be read on its way; let it be 127.0.0.1 or a unix socket, or keep others from that port", c.APIAddr)
	}
	if isPublic(c.AttachAddr) {
		note("ATTACH_ADDR=%s can be reached from outside, and what goes over it is not encrypted: keep others from that port", c.AttachAddr)
	}
	if key, s, _ := env.lookup("PORT"); key == "PORT" && s.file != "" {
		note("PORT is in %s, where Next.js finds it too: add GATEWAY_PORT=4000 there, or the two take each other's port", s.file)
	}
	for _, name := range unknown(env) {
		if like := closest(name); like != "" {
			note("%s_%s is not a variable of the gateway; did you mean %s?", prefix, name, like)
		} else {
			note("%s_%s is not a variable of the gateway (the command env lists them)", prefix, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if like := plural(env, name); like != "" {
			note("%s is not a variable of the gateway; if it is meant for it, it is called %s", name, like)
		}
	}
}

// warnOfHandlers notes what is suspicious of the gateway's own handlers.
func (c *Config) warnOfHandlers(note func(format string, args ...any)) {
	if c.MessageCipher == "plaintext" && !c.DatabaseURL.None() {
		note("MESSAGE_CIPHER is plaintext: messages are stored unencrypted")
	}
	if c.RoomAccessQuery == "" && len(c.RoomRules) == 0 && c.UserRoomsQuery == "" {
		note("neither ROOM_ACCESS_QUERY nor ROOM_RULES is set: whoever is logged in may join every room whose name they know")
	}
	if c.TokenJWKSURL != "" && c.TokenIssuer == "" {
		note("TOKEN_JWKS_URL without TOKEN_ISSUER lets in the tokens that these keys sign for other apps of the service, too")
	}
	if u, err := url.Parse(c.TokenJWKSURL); err == nil && u.Scheme == "http" && u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback() {
		note("TOKEN_JWKS_URL is fetched without TLS: whoever is between can log in as anybody")
	}
}

// isPublic tells of host:port whether others than this machine and its private networks may reach it. Empty is not.
func isPublic(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && (ip.IsUnspecified() || !Proxies(privateNetworks).Contain(ip) && !ip.IsLinkLocalUnicast())
}

// unknown lists the variables with our prefix that are none of ours, without it and in order.
func unknown(env environment) []string {
	var names []string
	for key := range env {
		if name, ok := strings.CutPrefix(key, prefix+"_"); ok && !known(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// closest gives the variable that name is likely a misspelling of, or nothing.
func closest(name string) string {
	best, least := "", 1+len(name)/3
	for _, v := range variables {
		if d := distance(name, v.name); d < least {
			best, least = v.name, d
		}
	}
	return best
}

// plural gives the variable that name, without our prefix, is but for the number of a word: JOIN_EVENT for JOIN_EVENTS. The
// rest of what is in the environment is others', and so may be this one, where that variable is set.
func plural(env environment, name string) string {
	if !strings.Contains(name, "_") || known(name) || strings.TrimSpace(env[name].value) == "" {
		return ""
	}
	for _, v := range variables {
		if _, _, set := env.lookup(v.name); !set && singular(v.name) == singular(name) {
			return v.name
		}
	}
	return ""
}

// singular takes the plural off each word.
func singular(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words {
		if stem, ok := strings.CutSuffix(word, "IES"); ok {
			word = stem + "Y"
		}
		words[i] = strings.TrimSuffix(word, "S")
	}
	return strings.Join(words, "_")
}

// distance counts the letters to insert, delete or replace to make b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

package config

import (
	"fmt"
	"slices"
	"strings"
)

// What docker-compose.yml has for local development.
const (
	publishedSecret = "only-for-local-development-everybody-knows-it"
	publishedKey    = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

// warn notes what is allowed and yet suspicious.
func (c *Config) warn(env environment) {
	note := func(format string, args ...any) { c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...)) }

	if n := len(c.JWTSecret); n > 0 && n < 32 {
		note("JWT_SECRET has %d bytes; a secret for HS256 should have at least 32 (openssl rand -base64 48)", n)
	}
	if s := string(c.JWTSecret); isQuoted(s) {
		note("JWT_SECRET is in quotes, which are taken as part of it; remove them unless the web app has them too")
	} else if s != strings.TrimSpace(s) {
		note("JWT_SECRET has white space or a line feed around it, which is taken as part of it; remove it unless the web app has it too")
	}
	if c.JWTSecret == publishedSecret {
		note("JWT_SECRET is the one of docker-compose.yml, which everybody knows; before others can reach this, set your own (openssl rand -base64 48)")
	}
	if c.MessageEncryptionKey == publishedKey {
		note("MESSAGE_ENCRYPTION_KEY is the one of docker-compose.yml, which everybody knows; set your own (openssl rand -hex 32)")
	}
	if c.MessageCipher == "plaintext" && !c.DatabaseURL.None() {
		note("MESSAGE_CIPHER is plaintext: messages are stored unencrypted")
	}
	if slices.Contains(c.AllowedOrigins, "*") {
		note("ALLOWED_ORIGINS has *: any web site can connect as the user who visits it")
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

package check

import (
	"regexp"
	"slices"
	"strings"
)

// headerCookie is the text that a server of sockets takes cookies out of.
const headerCookie = `(?:handshake|request|req)\??\.headers\??\.cookie\b`

// cookieSigns are how a server takes the login's cookie out of a handshake, each with the cookie's name.
var cookieSigns = []*regexp.Regexp{
	regexp.MustCompile(`\{\s*["']?([\w.-]+)["']?(?:\s*:\s*\w+)?\s*\}\s*=\s*(?:[\w.]*\.)?parse\w*\([^;\n]{0,40}` + headerCookie),
	regexp.MustCompile(`parse\w*\([^;\n]{0,40}` + headerCookie + `[^;\n)]{0,20}\)\s*\)?\s*(?:\??\.\s*|(?:\?\.)?\[\s*["'])([\w.-]+)`),
	regexp.MustCompile(`(?s)[cC]ookies?\s*=\s*(?:[\w.]*\.)?parse\w*\([^;\n]{0,40}` + headerCookie + `[^;\n]{0,20}\).{0,300}?\b\w*[cC]ookies?(?:\??\.|(?:\?\.)?\[\s*["'])([\w.-]+)`),
	regexp.MustCompile(headerCookie + `(?s:.{0,120}?)\b(?:match|exec)\(\s*/[^/\n]*?([\w.-]+)=\(`),
}

// foundCookies need no variable: the gateway looks for them by itself.
var foundCookies = regexp.MustCompile(`^(?:__Host-|__Secure-)?(?:token|(?:next-auth|authjs|better-auth)\..*)$`)

// loginCookie is the cookie that a server reads the login from, if it has another name than the gateway expects.
func loginCookie(text string) string {
	for _, sign := range cookieSigns {
		for _, found := range sign.FindAllStringSubmatch(text, -1) {
			name := strings.TrimPrefix(strings.TrimPrefix(found[1], "__Host-"), "__Secure-")
			if !foundCookies.MatchString(name) && !slices.Contains([]string{"parse", "get", "split", "map"}, name) {
				return name
			}
		}
	}
	return ""
}

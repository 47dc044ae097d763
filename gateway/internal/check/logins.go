package check

import (
	"regexp"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

var (
	// knowsBySecret is where an app makes or reads a token by a secret of its environment.
	knowsBySecret = regexp.MustCompile(`(?s)\b(?:jwt|jsonwebtoken|JWT)\s*\.\s*(?:verify|sign)\([^;]{0,200}?process\.env(?:\.|\[["'])(\w+)`)
	// otherPurpose is a secret that no token of a login is made by.
	otherPurpose = regexp.MustCompile(`(?i)refresh|reset|mail|verif|invit|expir`)
)

// readLogin looks for the secret by which the app knows its users.
func (e *appEvents) readLogin(name, text string) {
	for _, found := range knowsBySecret.FindAllStringSubmatch(text, -1) {
		if found[1] != "JWT_SECRET" && !otherPurpose.MatchString(found[1]) {
			e.addLogin(habit{"JWT_SECRET", "${" + found[1] + "}", likely, name})
		}
	}
}

// readLoginPackages looks for libraries of logins.
func (e *appEvents) readLoginPackages(name string, has func(string) bool) {
	if has("next-auth") {
		e.addLogin(habit{"AUTH_SECRET", "", likely, name + " has next-auth: the app's own secret, in place of JWT_SECRET"})
	}
	if has("better-auth") {
		e.addLogin(habit{"BETTER_AUTH_SECRET", "", likely, name + " has better-auth: the app's own secret, in place of JWT_SECRET"})
		e.addLogin(habit{"SESSION_QUERY", `SELECT u.id, u.name, s."expiresAt" FROM session s JOIN "user" u ON u.id = s."userId" WHERE s.token = $1`, likely, name + " has better-auth"})
	}
	if has("express-session") {
		e.addLogin(habit{"SESSION_SECRET", "", likely, name + " has express-session: with a SESSION_QUERY, where sessions are in the database"})
	}
}

func (e *appEvents) addLogin(h habit) {
	for _, known := range e.logins {
		if known.variable == h.variable {
			return
		}
	}
	e.logins = append(e.logins, h)
}

// hasLogin tells whether the gateway knows users by anything.
func hasLogin(c config.Config) bool {
	return c.JWTSecret != "" || len(c.AuthSecrets()) > 0 || c.SessionQuery != "" || c.TokenJWKSURL != ""
}

// loginsFor are those, until there is one.
func (e appEvents) loginsFor(c config.Config) []habit {
	if hasLogin(c) {
		return nil
	}
	return e.logins
}

// literal has every $ written as .env files have it, but in ${NAME}.
func literal(value string) string {
	if strings.HasPrefix(value, "${") {
		return value
	}
	return strings.ReplaceAll(value, "$", `\$`)
}

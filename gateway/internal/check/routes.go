package check

import "regexp"

var (
	// isRoute is a file of a route, or of Server Actions.
	isRoute  = regexp.MustCompile(`(?:^|/)(?:(?:api|controllers?|routes?|routers?)/.+|[\w-]*(?:[cC]ontroller|[rR]outer?)s?\.[cm]?[jt]s|route\.[cm]?[jt]s|[\w.-]*actions?\.[cm]?[jt]sx?|actions?/.+)$`)
	isAction = regexp.MustCompile(`(?m)^\s*["']use server["']`)
	// emitsByIO is an emit by the io that a custom server left where routes find it.
	emitsByIO = regexp.MustCompile(`(?i)(?:\bglobal(?:This)?\b[^;\n]{0,40}?\.\s*_?io\w*|\bsocket\??\.server\??\.io|\bgetIO\(\)|\bio)\s*[?!]?\s*\.\s*(?:to|in|emit|except|sockets)\b`)
)

// readRoute takes a route that tells clients something.
func (e *appEvents) readRoute(name, text string) {
	if (isRoute.MatchString(name) || isAction.MatchString(text)) && !isServersFile.MatchString(text) && emitsByIO.MatchString(text) && !e.hasHabit("API_ADDR") {
		e.habits = append(e.habits, habit{"API_ADDR", "127.0.0.1:4001", likely, name + " emits: with API_KEY (openssl rand -base64 48) it does so by HTTP; or attach"})
	}
}

package check

import (
	"context"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

// start tries what a start needs.
type start struct {
	*report
	config  config.Config
	command string        // what the program is called by
	faulty  config.Faults // what is wrong with the variables
	beside  bool          // a gateway that runs already is what is looked at
	user    string        // whom the app's token names; empty without one
}

func (s start) variables() {
	for _, line := range s.faulty {
		s.fault("variables", line)
	}
	if s.faulty == nil {
		s.ok("variables", "understood (%s env explains them)", s.command)
	}
	for _, line := range s.config.Warnings {
		s.warn("variables", line)
	}
}

// The variables that steps need.
var (
	tokenVariables    = []string{"JWT_SECRET", "JWT_SECRET_PREVIOUS", "TOKEN_COOKIE", "SESSION_QUERY", "REVOKED_QUERY", "TOKEN_JWKS_URL"}
	databaseVariables = []string{"DATABASE_URL", "DATABASE_TIMEOUT"}
	keyVariables      = []string{"MESSAGE_ENCRYPTION_KEY", "MESSAGE_KEY_FORMAT", "MESSAGE_CIPHER", "DATABASE_URL"}
	tableVariables    = []string{"MESSAGE_TABLE", "MESSAGE_TEXT_COLUMN", "MESSAGE_USER_COLUMN", "MESSAGE_ROOM_COLUMN", "MESSAGE_RECEIVER_COLUMN", "MESSAGE_ID",
		"MESSAGE_CONSTANTS", "MESSAGE_FIELDS", "ROOM_ACCESS_QUERY", "USER_ROOMS_QUERY"}
	eventVariables = []string{"JOIN_EVENTS", "LEAVE_EVENTS", "SEND_EVENTS", "RELAY_EVENTS", "MESSAGE_EVENT", "MEMBERS_EVENT"}
)

// run leaves out the steps whose variables have faults. It returns the cookie that lets the token in, if there is one.
func (s start) run(ctx context.Context, tok string) (cookie string) {
	if s.can("handlers", "HANDLERS", "ATTACH_ADDR", "ATTACH_KEY") {
		s.whoHandles()
	}
	if s.config.AppHandles() {
		s.attached(readAppCode("."))
	} else {
		cookie = s.own(ctx, tok)
	}
	if s.can("origins", "ALLOWED_ORIGINS") {
		s.origins()
	}
	if s.can("port", "HOST", "PORT", "ADMIN_ADDR", "API_ADDR", "ATTACH_ADDR") {
		s.port(ctx)
	}
	return cookie
}

// own tries what the gateway's own handlers need.
func (s start) own(ctx context.Context, tok string) (cookie string) {
	if tok != "" {
		cookie = cookieOf(s.config, tok)
	}
	needed := tokenVariables
	if s.config.SessionQuery != "" || s.config.RevokedQuery != "" {
		needed = slices.Concat(tokenVariables, databaseVariables)
	}
	if s.can("token", needed...) {
		cookie, s.user = s.token(ctx, tok)
	}
	s.storage(ctx)
	if s.can("redis", "REDIS_URL", "REDIS_ADAPTER", "REDIS_PREFIX", "REDIS_KEY") {
		s.redis(ctx)
	}
	app := readAppCode(".")
	if s.can("events", eventVariables...) {
		s.events(app)
	}
	s.habits(app)
	return cookie
}

func (s start) storage(ctx context.Context) {
	if !s.can("key", keyVariables...) {
		s.skip("database", "because of the variables")
		return
	}
	cipher, err := s.key()
	if err != nil {
		s.skip("database", "because of the key")
	} else if s.can("database", slices.Concat(databaseVariables, tableVariables)...) {
		s.database(ctx, cipher)
	}
}

func (s start) can(step string, variables ...string) bool {
	if s.faulty.About(variables...) {
		s.skip(step, "because of the variables")
		return false
	}
	return true
}

func (s start) origins() {
	allowed := s.config.AllowedOrigins
	switch {
	case slices.Contains(allowed, "*"):
		s.ok("origins", "pages of every site may connect (ALLOWED_ORIGINS)")
	case len(allowed) > 0:
		s.ok("origins", "pages of the gateway's own host may connect, and %s (ALLOWED_ORIGINS)", strings.Join(allowed, ", "))
	default:
		s.ok("origins", "pages of the gateway's own host may connect (ALLOWED_ORIGINS adds others)")
	}
}

package app

import (
	"net/http"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/ops"
)

// bodyTimeout bounds the reading of a body that no handler wants.
const bodyTimeout = 5 * time.Second

// A mount is a handler and where it answers.
type mount struct {
	// pattern is one path, or a folder if it ends in a slash: all that is below, and the folder itself without that slash.
	// "/" is everything.
	pattern string
	handler http.Handler
	// bodyTimeout bounds the reading of the request's body: net/http waits for its end even where the handler reads none.
	// 0 means no bound but the handler's own.
	bodyTimeout time.Duration
}

func (m mount) takes(path string) bool {
	if strings.HasSuffix(m.pattern, "/") {
		return strings.HasPrefix(path, m.pattern) || path+"/" == m.pattern
	}
	return path == m.pattern
}

// mounts is what one listener serves. The first that takes a path has it; what none takes is not found. Paths are compared as
// they come: none is cleaned, no client is sent elsewhere.
type mounts []mount

func (list mounts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found := mount{handler: http.HandlerFunc(http.NotFound), bodyTimeout: bodyTimeout}
	for _, m := range list {
		if m.takes(r.URL.Path) {
			found = m
			break
		}
	}
	if found.bodyTimeout > 0 {
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(found.bodyTimeout))
	}
	found.handler.ServeHTTP(w, r)
}

// publicMounts are the sockets and health: pages belong to the web app.
func (a *App) publicMounts() mounts {
	return mounts{
		{pattern: a.config.SocketPath, handler: a.front},
		{pattern: ops.HealthzPath, handler: http.HandlerFunc(a.health.ServeHealthz), bodyTimeout: bodyTimeout},
		{pattern: ops.ReadyzPath, handler: http.HandlerFunc(a.health.ServeReadyz), bodyTimeout: bodyTimeout},
	}
}

// nowhere answers for all other paths.
func (a *App) nowhere(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("EIO") || strings.EqualFold(r.Header.Get("Upgrade"), "websocket") { // a client that means the sockets
		a.hints.PathUnknown(r.URL.Path)
	}
	http.NotFound(w, r)
}

// tellRefused has the log name the page that was refused.
func (a *App) tellRefused(allow func(*http.Request) bool) func(*http.Request) bool {
	return func(r *http.Request) bool {
		allowed := allow(r)
		if !allowed {
			a.hints.OriginRefused(r.Header.Get("Origin"), r.Host)
		}
		return allowed
	}
}

// adminMounts are for the operator's network only.
func (a *App) adminMounts() mounts {
	return mounts{
		{pattern: ops.MetricsPath, handler: a.metrics.Handler()},
		{pattern: ops.ProfilesPath, handler: ops.Profiles()},
	}
}

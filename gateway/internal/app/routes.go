package app

import (
	"net/http"
	"strings"
)

// routes sends requests to the sockets, to health, and nowhere else: pages belong to the web app.
type routes struct {
	socketPath string // with both slashes
	sockets    http.Handler
	healthz    http.HandlerFunc
	readyz     http.HandlerFunc
	page       http.Handler // of the demo; nil otherwise
}

func (t routes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	switch {
	case strings.HasPrefix(path, t.socketPath), path+"/" == t.socketPath:
		t.sockets.ServeHTTP(w, r)
	case path == "/healthz":
		t.healthz(w, r)
	case path == "/readyz":
		t.readyz(w, r)
	case t.page != nil:
		t.page.ServeHTTP(w, r)
	default:
		http.NotFound(w, r)
	}
}

package app

import (
	"net/http"
	"strings"
	"time"
)

// bodyTimeout bounds the reading of bodies outside the socket path.
const bodyTimeout = 5 * time.Second

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
	if strings.HasPrefix(path, t.socketPath) || path+"/" == t.socketPath {
		t.sockets.ServeHTTP(w, r)
		return
	}
	// Nobody else reads a body, but net/http waits for its end.
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	switch {
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

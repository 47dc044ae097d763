package engineio

import "net/http"

// CORS lets pages of other origins use long-polling. Browsers don't apply it to WebSockets: for
// these, and to refuse anybody, there is Options.Allow.
type CORS struct {
	// Allow tells whether pages of an origin may read answers. Nil allows all, and then Credentials
	// must be false.
	Allow func(origin string) bool
	// Credentials lets them send cookies.
	Credentials bool
}

// apply sets the headers of an answer, and answers a preflight itself, as the official server's
// `cors` package does.
func (c *CORS) apply(w http.ResponseWriter, r *http.Request) (done bool) {
	if c == nil {
		return false
	}
	header, origin := w.Header(), r.Header.Get("Origin")
	if c.Allow == nil {
		header.Set("Access-Control-Allow-Origin", "*")
	} else {
		header.Add("Vary", "Origin")
		if origin != "" && c.Allow(origin) {
			header.Set("Access-Control-Allow-Origin", origin)
		}
	}
	if c.Credentials {
		header.Set("Access-Control-Allow-Credentials", "true")
	}
	if r.Method != http.MethodOptions {
		return false
	}
	header.Set("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		header.Add("Vary", "Access-Control-Request-Headers")
		header.Set("Access-Control-Allow-Headers", asked)
	}
	header.Set("Content-Length", "0")
	w.WriteHeader(http.StatusNoContent)
	return true
}

package engineio

import "net/http"

// CORS lets pages of other origins use long-polling. Browsers don't apply it to WebSockets: for
// these, and to refuse anybody, there is Options.Allow.
type CORS struct {
	// Allow tells whether the page that a request comes from may read its answer. Nil allows all, and then
	// Credentials must be false.
	Allow func(*http.Request) bool
	// Credentials lets them send cookies.
	Credentials bool
	// Fields returns the other header fields of answers. It is called for each of them. Nil means CORSFields{}.
	Fields func() CORSFields
}

// CORSFields are header fields of answers as they are sent: lists with commas. An empty one means the official server's default.
type CORSFields struct {
	Methods        string // Access-Control-Allow-Methods
	AllowedHeaders string // Access-Control-Allow-Headers; empty means those that are asked for
	ExposedHeaders string // Access-Control-Expose-Headers; empty means none
	MaxAge         string // Access-Control-Max-Age, in seconds; empty means that the browser decides
}

func (c *CORS) fields() (f CORSFields) {
	if c.Fields != nil {
		f = c.Fields()
	}
	setDefault(&f.Methods, "GET,HEAD,PUT,PATCH,POST,DELETE")
	return f
}

// SetHeaders tells the browser whether the page may read the answer. Who may not is told nothing.
func (c *CORS) SetHeaders(header http.Header, r *http.Request) (allowed bool) {
	if c == nil {
		return false
	}
	origin := r.Header.Get("Origin")
	if c.Allow != nil {
		header.Add("Vary", "Origin") // whatever the answer is
		if origin == "" || !c.Allow(r) {
			return false
		}
		header.Set("Access-Control-Allow-Origin", origin)
	} else {
		header.Set("Access-Control-Allow-Origin", "*")
	}
	if c.Credentials {
		header.Set("Access-Control-Allow-Credentials", "true")
	}
	if exposed := c.fields().ExposedHeaders; exposed != "" {
		header.Set("Access-Control-Expose-Headers", exposed)
	}
	return true
}

// apply sets the headers of an answer, and answers the preflight of who may read it itself, as the official
// server's `cors` package does.
func (c *CORS) apply(w http.ResponseWriter, r *http.Request) (done bool) {
	header := w.Header()
	if !c.SetHeaders(header, r) || r.Method != http.MethodOptions {
		return false
	}
	fields := c.fields()
	header.Set("Access-Control-Allow-Methods", fields.Methods)
	if asked := r.Header.Get("Access-Control-Request-Headers"); fields.AllowedHeaders != "" {
		header.Set("Access-Control-Allow-Headers", fields.AllowedHeaders)
	} else if asked != "" {
		header.Add("Vary", "Access-Control-Request-Headers")
		header.Set("Access-Control-Allow-Headers", asked)
	}
	if fields.MaxAge != "" {
		header.Set("Access-Control-Max-Age", fields.MaxAge)
	}
	header.Set("Content-Length", "0")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// refuses tells whether a request is the preflight of a page that may not read the answer.
func (c *CORS) refuses(r *http.Request) bool {
	return c != nil && r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && c.Allow != nil && !c.Allow(r)
}

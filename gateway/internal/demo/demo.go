// Package demo is the page that `socketgate demo` serves: two people in two windows, and beside their
// chat the rows that the database holds of it.
//
// The page is a Socket.IO client like any other. What it needs beyond that are the two small
// endpoints here: a token for a name, and the newest raw rows.
package demo

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	rowsShown    = 50              // what a person scrolls through, not a page of history
	rowsDeadline = 2 * time.Second // the page asks again every few seconds
	cellShown    = 512             // bytes of a text: what a column of the page shows; the row says how many there are
	labelShown   = 256             // bytes of an id, a room, a user

	maxNameRunes = 32
	maxBody      = 1 << 10          // a name in JSON, escaped throughout, fits
	bodyDeadline = 10 * time.Second // a slow sender doesn't keep a goroutine
)

// The page runs only what this package embeds, and talks to nobody but its own origin.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// socket.io.min.js is the official client as npm ships it: never edited, so that the demo proves
// something about the clients that apps use.
//
//go:embed page socket.io.min.js
var files embed.FS

var page = template.Must(template.ParseFS(files, "page/index.html"))

// assets are served at /demo/ under their last name, with these types: what a system's own table of
// types says about ".js" differs between machines, and nosniff makes it matter.
var assets = map[string]string{
	"page/style.css":   "text/css; charset=utf-8",
	"page/icon.svg":    "image/svg+xml",
	"page/app.js":      "text/javascript; charset=utf-8",
	"page/link.js":     "text/javascript; charset=utf-8",
	"page/messages.js": "text/javascript; charset=utf-8",
	"page/panels.js":   "text/javascript; charset=utf-8",
	"page/rows.js":     "text/javascript; charset=utf-8",
	"page/traffic.js":  "text/javascript; charset=utf-8",
	"page/who.js":      "text/javascript; charset=utf-8",
	"page/wire.js":     "text/javascript; charset=utf-8",
	"socket.io.min.js": "text/javascript; charset=utf-8",
}

// Row is what the database holds of a message, as it holds it.
type Row struct {
	ID        string `json:"id"`
	Room      string `json:"room"`
	User      string `json:"user"`
	Text      string `json:"text"` // at rest: ciphertext, unless the gateway was told otherwise
	CreatedAt string `json:"createdAt"`
}

// Config is what the page needs from the gateway that serves it. All fields are required.
type Config struct {
	// Mint makes a development token. It is called from many goroutines.
	Mint func(userID, username string) (token string, err error)
	// Recent returns at most n rows, newest first. It must return when ctx ends, 2 s at the latest.
	// Its error is shown on the page. It is called from many goroutines.
	Recent func(ctx context.Context, n int) ([]Row, error)
	// SocketPath is where the gateway answers Socket.IO on the page's own origin, as "/socket.io/".
	SocketPath string
	// Database names the place of the rows to a reader, as the SQLite file's path. Never a URL with a password.
	Database string
}

// Handler serves the page at /, its files below /demo/, and two endpoints:
//
//	POST /demo/token {"name": "Maya"}  ->  {"userId", "username", "token"}
//	GET  /demo/rows                    ->  [{"id", "room", "user", "text", "createdAt", "bytes"}]
//
// Failures are {"error": "what to do about it"}. Everything else is 404, or 405 with Allow.
//
// Whoever reaches it gets a token for any name: it belongs to a gateway with a made-up secret, and
// nowhere else.
func Handler(c Config) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.servePage)
	mux.HandleFunc("POST /demo/token", c.serveToken)
	mux.HandleFunc("GET /demo/rows", c.serveRows)
	for file, contentType := range assets {
		mux.HandleFunc("GET /demo/"+path.Base(file), func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", contentType)
			http.ServeFileFS(w, r, files, file)
		})
	}
	return guard(mux)
}

// guard sets what every answer carries, refusals included, keeps other sites from posting, and answers only who calls this
// machine by its own names.
func guard(next http.Handler) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store") // the next build's page must not meet this build's script
		if !isThisMachine(r.Host) {
			http.Error(w, "The demo answers only as localhost, 127.0.0.1 or [::1]: open http://localhost and its port.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isThisMachine tells whether a Host header names the machine itself, on any port: one may be forwarded. A page of another
// site, whose name its DNS server has suddenly sent here, comes with that name (DNS rebinding).
func isThisMachine(host string) bool {
	switch strings.ToLower((&url.URL{Host: host}).Hostname()) {
	case "localhost", "127.0.0.1", "::1":
		return true
	}
	return false
}

func (c Config) servePage(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	if err := page.Execute(&b, c); err != nil {
		http.Error(w, "the page could not be rendered", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

func (c Config) serveToken(w http.ResponseWriter, r *http.Request) {
	// Not every ResponseWriter has deadlines; the gateway's server does.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyDeadline))
	var in struct{ Name string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in); err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			fail(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("Send at most %d bytes.", maxBody))
			return
		}
		fail(w, http.StatusBadRequest, `Send JSON like {"name":"Maya"}.`)
		return
	}
	name, complaint := cleanName(in.Name)
	if complaint != "" {
		fail(w, http.StatusBadRequest, complaint)
		return
	}
	// One name is one person, however many windows: that is what room_members counts.
	userID := strings.ToLower(name)
	token, err := c.Mint(userID, name)
	if err != nil {
		fail(w, http.StatusInternalServerError, "The gateway could not make a token: "+err.Error())
		return
	}
	reply(w, http.StatusOK, map[string]string{"userId": userID, "username": name, "token": token})
}

func (c Config) serveRows(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), rowsDeadline)
	defer cancel()
	rows, err := c.Recent(ctx, rowsShown)
	if err != nil {
		fail(w, http.StatusServiceUnavailable, "The database can't be read: "+err.Error())
		return
	}
	// bytes is the length of the whole text, so that the page can say what was cut.
	type cell struct {
		Row
		Bytes int `json:"bytes"`
	}
	out := make([]cell, 0, rowsShown)
	for _, row := range rows[:min(len(rows), rowsShown)] {
		n := len(row.Text)
		out = append(out, cell{Row{
			ID:        clip(row.ID, labelShown),
			Room:      clip(row.Room, labelShown),
			User:      clip(row.User, labelShown),
			Text:      clip(row.Text, cellShown),
			CreatedAt: clip(row.CreatedAt, labelShown),
		}, n})
	}
	reply(w, http.StatusOK, out)
}

// cleanName returns the name as others will read it, or a complaint that says what to type instead.
func cleanName(s string) (name, complaint string) {
	name = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), " ")
	switch {
	case name == "":
		return "", "Type a name."
	case utf8.RuneCountInString(name) > maxNameRunes:
		return "", fmt.Sprintf("A name has at most %d characters.", maxNameRunes)
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", "A name can't hold control or invisible characters."
	}
	return name, ""
}

// clip cuts s to at most n bytes, never inside a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func fail(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]string{"error": message})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the peer is gone: nobody is left to tell
}

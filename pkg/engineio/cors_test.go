package engineio

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

var corsHeaders = []string{
	"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
	"Access-Control-Expose-Headers", "Access-Control-Max-Age", "Vary",
}

// corsOf returns the CORS headers of an answer as lines.
func corsOf(got answer) (lines []string) {
	for _, name := range corsHeaders {
		if values := got.header.Values(name); values != nil {
			lines = append(lines, name+": "+strings.Join(values, ", "))
		}
	}
	return lines
}

var listed = &CORS{
	Allow:       func(r *http.Request) bool { return r.Header.Get("Origin") == "https://app.example" },
	Credentials: true,
}

var detailed = &CORS{Fields: func() CORSFields {
	return CORSFields{Methods: "GET,POST", AllowedHeaders: "x-a", ExposedHeaders: "x-b", MaxAge: "600"}
}}

func TestCORSHeaders(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		cors   *CORS
		origin string
		want   []string
	}{
		{"none by default", nil, "https://app.example", nil},
		{"all", &CORS{}, "https://app.example", []string{"Access-Control-Allow-Origin: *"}},
		{"all, no origin", &CORS{}, "", []string{"Access-Control-Allow-Origin: *"}},
		{"with fields", detailed, "", []string{"Access-Control-Allow-Origin: *", "Access-Control-Expose-Headers: x-b"}},
		{"listed", listed, "https://app.example", []string{
			"Access-Control-Allow-Origin: https://app.example", "Access-Control-Allow-Credentials: true", "Vary: Origin"}},
		{"unlisted", listed, "https://evil.example", []string{"Vary: Origin"}},
		{"no origin", listed, "", []string{"Vary: Origin"}},
		{"null", listed, "null", []string{"Vary: Origin"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			onFakeTime(t, Options{CORS: test.cors}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
				var headers []string
				if test.origin != "" {
					headers = []string{"Origin", test.origin}
				}
				check := func(what string, status int, got answer) {
					t.Helper()
					if lines := corsOf(got); got.status != status || !slices.Equal(lines, test.want) {
						t.Errorf("%s: got %d %q, want %d %q", what, got.status, lines, status, test.want)
					}
				}
				p := network.poller()
				check("handshake", 200, p.get(headers...))
				p.open()
				check("POST", 200, p.post("4a", headers...))
				check("GET", 200, p.get(headers...))
				p.query = "?EIO=3&transport=polling"
				check("error", 400, p.get(headers...))
			})
		})
	}
}

func TestPreflightIsAnsweredWithoutASession(t *testing.T) {
	t.Parallel()
	const methods = "Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE"
	for _, test := range []struct {
		name    string
		cors    *CORS
		headers []string
		status  int
		want    []string
	}{
		{"all", &CORS{}, nil, 204, []string{"Access-Control-Allow-Origin: *", methods}},
		{"all, with headers", &CORS{}, []string{"Access-Control-Request-Headers", "x-a,x-b"}, 204, []string{
			"Access-Control-Allow-Origin: *", methods, "Access-Control-Allow-Headers: x-a,x-b", "Vary: Access-Control-Request-Headers"}},
		{"listed", listed, []string{"Origin", "https://app.example", "Access-Control-Request-Headers", "x-a"}, 204, []string{
			"Access-Control-Allow-Origin: https://app.example", "Access-Control-Allow-Credentials: true", methods,
			"Access-Control-Allow-Headers: x-a", "Vary: Origin, Access-Control-Request-Headers"}},
		{"all, with fields", detailed, []string{"Access-Control-Request-Headers", "x-asked"}, 204, []string{
			"Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: GET,POST", "Access-Control-Allow-Headers: x-a",
			"Access-Control-Expose-Headers: x-b", "Access-Control-Max-Age: 600"}},
		{"unlisted", listed, []string{"Origin", "https://evil.example"}, 403, []string{"Vary: Origin"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			onFakeTime(t, Options{CORS: test.cors}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
				p := network.poller()
				p.query += "&sid=none"
				got := p.do(t.Context(), http.MethodOptions, nil, test.headers...)
				if lines := corsOf(got); got.status != test.status || (got.body == "") != (test.status == 204) || !slices.Equal(lines, test.want) {
					t.Errorf("got %d %q %q, want %d %q", got.status, got.body, lines, test.status, test.want)
				}
			})
		})
	}
}

func TestPreflightIsABadHandshakeWithoutCORS(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller()
		p.gets(p.do(t.Context(), http.MethodOptions, nil), 400, `{"code":2,"message":"Bad handshake method"}`)
	})
}

package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func config() Config {
	return Config{
		Mint:       func(userID, username string) (string, error) { return "token of " + userID + "/" + username, nil },
		Recent:     func(context.Context, int) ([]Row, error) { return nil, nil },
		SocketPath: "/sockets/",
		Database:   `/tmp/"><script>alert(1)</script>.db`,
	}
}

func do(t *testing.T, c Config, method, target, body string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "localhost:4000"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler(c).ServeHTTP(w, r)
	return w.Result()
}

func decode[T any](t *testing.T, res *http.Response) T {
	t.Helper()
	if got := res.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Fatalf("Content-Type %q", got)
	}
	var v T
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPageKnowsItsGatewayAndEscapesIt(t *testing.T) {
	t.Parallel()
	res := do(t, config(), "GET", "/", "")
	page := text(t, res)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%s, %s", res.Status, res.Header.Get("Content-Type"))
	}
	if !strings.Contains(page, `data-socket-path="/sockets/"`) {
		t.Error("the page does not know the socket path")
	}
	if strings.Contains(page, "<script>alert") {
		t.Error("a database's name became markup")
	}
}

// Whatever is answered, refusals included, runs nothing inline and nothing of another origin.
func TestEveryAnswerIsStrict(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/", "/demo/app.js", "/demo/rows", "/demo/nothing"} {
		h := do(t, config(), "GET", target, "").Header
		policy := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %q", target, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: policy %q", target, policy)
		}
		if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", target, h)
		}
	}
}

// The page works offline: every file it names is one that the handler serves, and no file of ours
// names another host. The official client is not ours; its test is below.
func TestPageIsSelfContained(t *testing.T) {
	t.Parallel()
	foreign := regexp.MustCompile(`(?i)https?://|wss?://|["'(=]//\w|@import`)
	inline := regexp.MustCompile(`(?i)<script[^>]*>[^<]|<style|\sstyle=|\son[a-z]+=`)
	named := regexp.MustCompile(`(?:src|href)="(/[^"#]*)"|from "\./([^"]+)"`)
	seen := 0
	err := fs.WalkDir(files, "page", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, file)
		if err != nil {
			return err
		}
		source := strings.ReplaceAll(string(b), `xmlns="http://www.w3.org/2000/svg"`, "") // a name, not an address
		if found := foreign.FindString(source); found != "" {
			t.Errorf("%s refers elsewhere: %q", file, found)
		}
		if found := inline.FindString(source); path.Ext(file) == ".html" && found != "" {
			t.Errorf("%s has what its policy forbids: %q", file, found)
		}
		for _, m := range named.FindAllStringSubmatch(source, -1) {
			target := m[1]
			if m[2] != "" {
				target = "/demo/" + m[2]
			}
			seen++
			if res := do(t, config(), "GET", target, ""); res.StatusCode != 200 {
				t.Errorf("%s needs %s: %s", file, target, res.Status)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 8 {
		t.Errorf("found only %d references: the pattern is wrong", seen)
	}
}

func TestOfficialClientIsServedAsPublished(t *testing.T) {
	t.Parallel()
	res := do(t, config(), "GET", "/demo/socket.io.min.js", "")
	client := text(t, res)
	if !strings.HasPrefix(client, "/*!\n * Socket.IO v4.8.4\n") || !strings.Contains(client[:200], "MIT License") {
		t.Errorf("banner: %.120q", client)
	}
	if got := res.Header.Get("Content-Type"); got != "text/javascript; charset=utf-8" {
		t.Errorf("Content-Type %q: with nosniff a browser would not run it", got)
	}
}

func TestTokenIsForTheNameAsOthersReadIt(t *testing.T) {
	t.Parallel()
	type identity struct{ UserID, Username, Token string }
	for in, want := range map[string]identity{
		"Maya":                   {"maya", "Maya", "token of maya/Maya"},
		"  Maya   Lind ":         {"maya lind", "Maya Lind", "token of maya lind/Maya Lind"},
		"Zoë 李":                  {"zoë 李", "Zoë 李", "token of zoë 李/Zoë 李"},
		strings.Repeat("é", 32):  {strings.Repeat("é", 32), strings.Repeat("é", 32), "token of " + strings.Repeat("é", 32) + "/" + strings.Repeat("é", 32)},
		"<img src=x onerror=1>.": {"<img src=x onerror=1>.", "<img src=x onerror=1>.", "token of <img src=x onerror=1>./<img src=x onerror=1>."},
	} {
		body, _ := json.Marshal(map[string]string{"name": in})
		res := do(t, config(), "POST", "/demo/token", string(body))
		if got := decode[identity](t, res); res.StatusCode != 200 || got != want {
			t.Errorf("%q: %s %+v", in, res.Status, got)
		}
	}
}

func TestTokenRefusesWhatIsNoName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"empty body":       {``, 400},
		"not JSON":         {`name=Maya`, 400},
		"no name":          {`{}`, 400},
		"blank":            {`{"name":"   "}`, 400},
		"a number":         {`{"name":7}`, 400},
		"33 characters":    {`{"name":"` + strings.Repeat("é", 33) + `"}`, 400},
		"line break":       {`{"name":"Ma\nya"}`, 400},
		"NUL":              {`{"name":"Maya\u0000"}`, 400},
		"escape":           {`{"name":"\u001b[31mMaya"}`, 400},
		"right to left":    {`{"name":"\u202eayaM"}`, 400},
		"zero width":       {`{"name":"Ma\u200bya"}`, 400},
		"body of 1 MiB":    {`{"name":"` + strings.Repeat("a", 1<<20) + `"}`, 413},
		"padding of 1 MiB": {strings.Repeat(" ", 1<<20) + `{"name":"Maya"}`, 413},
	} {
		minted := false
		conf := config()
		conf.Mint = func(string, string) (string, error) { minted = true; return "t", nil }
		res := do(t, conf, "POST", "/demo/token", c.body)
		if got := decode[map[string]string](t, res); res.StatusCode != c.status || got["error"] == "" || minted {
			t.Errorf("%s: %s %v, minted %t", name, res.Status, got, minted)
		}
	}
}

func TestTokenIsNotForOtherSites(t *testing.T) {
	t.Parallel()
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		if res := do(t, config(), "POST", "/demo/token", `{"name":"Maya"}`, header...); res.StatusCode != 403 {
			t.Errorf("%v: %s", header, res.Status)
		}
	}
	if res := do(t, config(), "POST", "/demo/token", `{"name":"Maya"}`, "Sec-Fetch-Site", "same-origin"); res.StatusCode != 200 {
		t.Errorf("the page itself: %s", res.Status)
	}
}

func TestTokenSaysWhenItCannotBeMade(t *testing.T) {
	t.Parallel()
	c := config()
	c.Mint = func(string, string) (string, error) { return "", errors.New("no secret") }
	res := do(t, c, "POST", "/demo/token", `{"name":"Maya"}`)
	if got := decode[map[string]string](t, res); res.StatusCode != 500 || !strings.Contains(got["error"], "no secret") {
		t.Errorf("%s %v", res.Status, got)
	}
}

func TestRowsAreShownAsHeld(t *testing.T) {
	t.Parallel()
	row := Row{ID: "c1", Room: "lobby", User: "maya", Text: "00ff:11ee:22dd", CreatedAt: "2026-01-02T03:04:05.678Z"}
	c := config()
	c.Recent = func(_ context.Context, n int) ([]Row, error) {
		if n != rowsShown {
			t.Errorf("asked for %d rows", n)
		}
		return []Row{row}, nil
	}
	got := text(t, do(t, c, "GET", "/demo/rows", ""))
	want := `[{"id":"c1","room":"lobby","user":"maya","text":"00ff:11ee:22dd","createdAt":"2026-01-02T03:04:05.678Z","bytes":14}]` + "\n"
	if got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	if none := text(t, do(t, config(), "GET", "/demo/rows", "")); none != "[]\n" {
		t.Errorf("no rows: %q", none)
	}
}

// However much the database holds, and whatever it was made to hold, the page gets a small answer.
func TestRowsAnswerIsBounded(t *testing.T) {
	t.Parallel()
	huge := "a" + strings.Repeat("é", 1<<20) // its cut falls inside a character
	c := config()
	c.Recent = func(context.Context, int) ([]Row, error) {
		rows := make([]Row, 3*rowsShown)
		for i := range rows {
			rows[i] = Row{ID: huge, Room: huge, User: huge, Text: huge, CreatedAt: huge}
		}
		return rows, nil
	}
	body := text(t, do(t, c, "GET", "/demo/rows", ""))
	if limit := rowsShown * (cellShown + 4*labelShown + 100); len(body) > limit {
		t.Errorf("%d bytes, limit %d", len(body), limit)
	}
	var got []struct {
		Row
		Bytes int
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != rowsShown || got[0].Bytes != len(huge) || !strings.HasPrefix(huge, got[0].Text) {
		t.Errorf("%d rows, %d bytes said, text %.20q…", len(got), got[0].Bytes, got[0].Text)
	}
}

func TestRowsSayWhyTheyCannotBeRead(t *testing.T) {
	t.Parallel()
	c := config()
	c.Recent = func(context.Context, int) ([]Row, error) { return nil, errors.New("database is locked") }
	res := do(t, c, "GET", "/demo/rows", "")
	if got := decode[map[string]string](t, res); res.StatusCode != 503 || !strings.Contains(got["error"], "database is locked") {
		t.Errorf("%s %v", res.Status, got)
	}
}

func TestRowsDoNotWaitForASilentDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.Recent = func(ctx context.Context, _ int) ([]Row, error) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(time.Minute):
				return nil, nil
			}
		}
		began := time.Now()
		res := do(t, c, "GET", "/demo/rows", "")
		if waited := time.Since(began); res.StatusCode != 503 || waited != rowsDeadline {
			t.Errorf("%s after %v", res.Status, waited)
		}
	})
}

func TestNothingElseIsServed(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]int{
		"GET /index.html":       404,
		"GET /favicon.ico":      404,
		"GET /demo":             404,
		"GET /demo/":            404,
		"GET /demo/index.html":  404, // the template, unfilled
		"GET /demo/demo.go":     404,
		"GET /demo/page/app.js": 404,
		"GET /socket.io/":       404,
		"POST /":                405,
		"DELETE /demo/rows":     405,
		"POST /demo/app.js":     405,
		"GET /demo/token":       405,
		"HEAD /":                200,
	} {
		method, path, _ := strings.Cut(target, " ")
		res := do(t, config(), method, path, "")
		if res.StatusCode != want || (want == 405) != (res.Header.Get("Allow") != "") {
			t.Errorf("%s: %s, Allow %q", target, res.Status, res.Header.Get("Allow"))
		}
	}
}

// The token endpoint gives anybody a token, so a page whose name was pointed at this machine must not reach it.
func TestAPageWhoseNameWasPointedHereGetsNothing(t *testing.T) {
	t.Parallel()
	handler := Handler(config())
	for host, want := range map[string]int{
		"localhost:4000": 200, "localhost": 200, "LOCALHOST:1": 200, "127.0.0.1:4000": 200, "[::1]:4000": 200,
		"evil.example": 421, "evil.example:4000": 421, "localhost.evil.example:4000": 421, "127.0.0.1.evil.example": 421, "127.0.0.1@evil.example": 421,
		"192.168.1.5:4000": 421, "0.0.0.0:4000": 421, "": 421, "localhost.": 421, "[::1].evil.example": 421,
	} {
		for path, method := range map[string]string{"/": "GET", "/demo/rows": "GET", "/demo/token": "POST", "/demo/app.js": "GET"} {
			r := httptest.NewRequest(method, path, strings.NewReader(`{"name":"Maya"}`))
			r.Host = host
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != want || want == 421 && !strings.Contains(w.Body.String(), "http://localhost") {
				t.Errorf("%s as %q: %d %s", path, host, w.Code, w.Body)
			}
		}
	}
}

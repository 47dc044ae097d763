package api

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/contract"
)

func TestRequestsAreReadAsDescribed(t *testing.T) {
	t.Parallel()
	app := &notes{}
	url := serve(t, app, nil)
	for _, c := range []struct {
		path, body string
		want       any
	}{
		{"/api/emit", `{"event":"e","args":[1,{"a":null}],"to":{"rooms":["r",5],"users":[7],"sockets":["s"]},"except":{"users":["u"]},"volatile":true}`,
			chat.Emit{Event: "e", Args: []json.RawMessage{json.RawMessage("1"), json.RawMessage(`{"a":null}`)},
				To: chat.Whom{Rooms: []string{"r", "5"}, Users: []string{"7"}, Sockets: []string{"s"}}, Except: chat.Whom{Users: []string{"u"}}, Volatile: true}},
		{"/api/emit", `{"event":"e","all":true}`, chat.Emit{Event: "e", All: true}},
		{"/api/messages", `{"userId":7,"username":"Ann","message":{"roomId":"r"}}`,
			chat.Speech{User: "7", UserJSON: json.RawMessage("7"), Username: "Ann", Key: "k", Message: json.RawMessage(`{"roomId":"r"}`)}},
		{"/api/messages", `{"message":{}}`, chat.Speech{Key: "k", Message: json.RawMessage(`{}`)}},
		{"/api/members", `{"room":5}`, "5"},
		{"/api/online", `{}`, []string(nil)},
		{"/api/online", `{"users":["a",1]}`, []string{"a", "1"}},
		{"/api/join", `{"to":{"users":["u"]},"rooms":["r"]}`, []any{"join", chat.Whom{Users: []string{"u"}}, []string{"r"}}},
		{"/api/leave", `{"to":{"sockets":["s"]},"rooms":["r"]}`, []any{"leave", chat.Whom{Sockets: []string{"s"}}, []string{"r"}}},
		{"/api/disconnect", `{"to":{"users":["u"]}}`, chat.Whom{Users: []string{"u"}}},
		{"/api/revoke", `{"users":["u"]}`, []string{"u"}},
	} {
		if status, answer := ask(t, url+c.path, strings.NewReader(c.body), "Idempotency-Key", "k"); status != http.StatusOK {
			t.Errorf("%s %s: %d %v", c.path, c.body, status, answer)
		} else if got := app.last(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %s is %#v, want %#v", c.path, c.body, got, c.want)
		}
	}
}

func TestAnswersAreTheRowAndTheMembers(t *testing.T) {
	t.Parallel()
	app := &notes{answer: contract.Success{Message: json.RawMessage(`{"id":"m1","text":"<b>"}`)}}
	url := serve(t, app, nil)
	if _, got := ask(t, url+"/api/messages", strings.NewReader(`{"message":{}}`)); fmt.Sprint(got) != "map[message:map[id:m1 text:<b>]]" {
		t.Errorf("%v", got)
	}
	if _, got := ask(t, url+"/api/members", strings.NewReader(`{"room":"r"}`)); fmt.Sprint(got) != "map[count:2 members:[map[userId:7 username:Ann]]]" {
		t.Errorf("%v", got)
	}
}

// Each code of package contract is answered by a status by which HTTP clients know what to do.
func TestFailuresAreToldByStatusCodeAndText(t *testing.T) {
	t.Parallel()
	for code, want := range map[contract.Code]int{
		contract.BadRequest: 400, contract.Forbidden: 403, contract.TooLarge: 413, contract.RateLimited: 429, contract.Unavailable: 503,
	} {
		app := &notes{answer: contract.Failure{Code: code, Text: "what to do"}}
		for _, path := range []string{"/api/emit", "/api/messages", "/api/online"} {
			status, answer := ask(t, serve(t, app, nil)+path, strings.NewReader(`{}`))
			if status != want || answer["code"] != string(code) || answer["error"] != "what to do" || app.counted[0] != path+" "+string(code) {
				t.Errorf("%s %s: %d %v, counted %q", path, code, status, answer, app.counted)
			}
			app.counted = nil
		}
	}
}

func TestNobodyGetsInWithoutAKey(t *testing.T) {
	t.Parallel()
	app := &notes{}
	url := serve(t, app, nil)
	for _, authorization := range []string{"", "Bearer", "Bearer ", "Bearer x", "Bearer " + key[1:], "Bearer " + key + "x", "Bearer " + strings.ToUpper(key),
		"Basic " + key, key, "Bearer " + old + "," + key, "Bearer null"} {
		for _, path := range []string{"/api/emit", "/api/messages", "/", "/api/nothing", "/api/emit?key=" + key} {
			status, answer := request(t, http.MethodPost, url+strings.ReplaceAll(path, " ", "+"), strings.NewReader(`{"event":"e","all":true}`), "Authorization", authorization)
			if status != http.StatusUnauthorized || answer["code"] != "unauthorized" {
				t.Errorf("%q gets %d %v at %s", authorization, status, answer, path)
			}
		}
	}
	if app.last() != nil {
		t.Errorf("the app was asked for %v", app.last())
	}
	if text := app.text(); strings.Contains(text, key) || strings.Contains(text, old) || strings.Contains(text, key[1:]) || strings.Count(text, "API_KEY") != 1 {
		t.Errorf("the log has %s", text)
	}
	for _, good := range []string{key, old} {
		if status, _ := request(t, http.MethodPost, url+"/api/emit", strings.NewReader(`{"event":"e","all":true}`), "Authorization", "bearer "+good); status != http.StatusOK {
			t.Errorf("a good key gets %d", status)
		}
	}
	if status, _ := request(t, http.MethodPost, serve(t, &notes{}, func(o *Options) { o.Keys = nil })+"/api/emit", nil, "Authorization", "Bearer "); status != http.StatusUnauthorized {
		t.Errorf("without keys everybody gets %d", status)
	}
}

func TestWhatIsNoRequestIsRefusedAndDoesNothing(t *testing.T) {
	t.Parallel()
	app := &notes{}
	url := serve(t, app, nil)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/api/emit", "", 400},
		{"POST", "/api/emit", "{", 400},
		{"POST", "/api/emit", `{"event":"e","all":true} {}`, 400},
		{"POST", "/api/emit", `[]`, 400},
		{"POST", "/api/emit", `{"event":1,"all":true}`, 400},
		{"POST", "/api/emit", `{"event":"e","all":true,"exept":{"rooms":["r"]}}`, 400}, // would reach whom it should not
		{"POST", "/api/emit", `{"event":"e","to":{"room":["r"]}}`, 400},
		{"POST", "/api/emit", `{"event":"e","to":{"rooms":"r"}}`, 400},
		{"POST", "/api/emit", `{"event":"e","to":{"rooms":[{}]}}`, 400},
		{"POST", "/api/emit", `{"event":"e","all":true,"args":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, 400},
		{"POST", "/api/messages", `{"message":{},"userId":{}}`, 400},
		{"POST", "/api/messages", `{"message":{},"userId":"` + strings.Repeat("u", 300) + `"}`, 400},
		{"POST", "/api/emit", `{"event":"` + strings.Repeat("e", 10_000) + `","all":true}`, 413},
		{"GET", "/api/emit", "", 405},
		{"PUT", "/api/emit", `{"event":"e","all":true}`, 405},
		{"POST", "/api/emit/", `{"event":"e","all":true}`, 404},
		{"POST", "/api//emit", `{"event":"e","all":true}`, 404},
		{"POST", "/api/openapi.json", `{}`, 404},
	} {
		status, answer := request(t, c.method, url+c.path, strings.NewReader(c.body), "Authorization", "Bearer "+key)
		if status != c.status || answer["error"] == "" {
			t.Errorf("%s %s %.60s: %d %v, want %d", c.method, c.path, c.body, status, answer, c.status)
		}
	}
	if status, _ := ask(t, url+"/api/messages", strings.NewReader(`{"message":{}}`), "Idempotency-Key", strings.Repeat("k", 257)); status != 400 {
		t.Errorf("a long key: %d", status)
	}
	if app.last() != nil {
		t.Errorf("the app was asked for %v", app.last())
	}
	if _, answer := ask(t, url+"/api/emit", strings.NewReader(`{"event":"e","exept":{}}`)); !strings.Contains(fmt.Sprint(answer["error"]), `"exept"`) {
		t.Errorf("it does not name the field: %v", answer)
	}
}

func TestMoreThanTheRateIsRefusedAndStrangersUseUpNothing(t *testing.T) {
	t.Parallel()
	app := &notes{}
	url := serve(t, app, func(o *Options) { o.Rate = 2 })
	for range 20 {
		request(t, http.MethodPost, url+"/api/online", strings.NewReader(`{}`))
	}
	counts := make(map[int]int)
	for range 10 {
		status, _ := ask(t, url+"/api/online", strings.NewReader(`{}`))
		counts[status]++
	}
	if counts[200] < 4 || counts[429] == 0 {
		t.Errorf("%v, want 4 and a few that came later, and the rest refused", counts)
	}
}

func TestWhatComesTooSlowlyOrTakesTooLongEnds(t *testing.T) {
	t.Parallel()
	app := &notes{hold: make(chan struct{})}
	url := serve(t, app, func(o *Options) { o.Deadline = 300 * time.Millisecond })
	began := time.Now()
	body, w := io.Pipe()
	defer w.Close()
	go io.WriteString(w, `{"event":`)
	if status, _ := ask(t, url+"/api/emit", body); status != 400 {
		t.Errorf("half a body: %d", status)
	}
	if status, answer := ask(t, url+"/api/messages", strings.NewReader(`{"message":{}}`)); status != 503 {
		t.Errorf("no commit: %d %v", status, answer)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestWhatIsUnderWayAtOnceHasABound(t *testing.T) {
	t.Parallel()
	app := &notes{answer: contract.Success{}}
	server := New(app, Options{Keys: []string{key}, MaxBody: 100, Deadline: 10 * time.Second, Observer: app, Logger: slog.New(slog.DiscardHandler)})
	for range atOnce {
		server.places <- struct{}{}
	}
	online := func() int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/online", strings.NewReader(`{}`))
		r.Header.Set("Authorization", "Bearer "+key)
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		return w.Code
	}
	if status := online(); status != 503 {
		t.Errorf("all places are taken: %d", status)
	}
	<-server.places
	for range 2 { // a place is given back
		if status := online(); status != 200 {
			t.Errorf("with a place: %d", status)
		}
	}
}

func TestDescriptionIsServedToWhoAsks(t *testing.T) {
	t.Parallel()
	app := &notes{}
	status, answer := request(t, http.MethodGet, serve(t, app, nil)+"/api/openapi.json", nil)
	if status != 200 || answer["openapi"] != "3.1.0" || slices.Contains(app.counted, "other ok") {
		t.Errorf("%d %.100v", status, answer)
	}
}

func FuzzRequest(f *testing.F) {
	for _, body := range []string{`{"event":"e","args":[1],"to":{"rooms":["r",5]}}`, `{"message":{"roomId":1},"userId":7}`, `{"users":[1.5e3,"\ud800",null]}`, `{"to":{"users":[]}}`, `null`, `{"a":`} {
		for path := range routes {
			f.Add(path, body)
		}
	}
	f.Fuzz(func(t *testing.T, path, body string) {
		handle := routes[path]
		if handle == nil {
			return
		}
		app := &notes{answer: contract.Success{}}
		result, refusal := handle(call{ctx: t.Context(), app: app}, []byte(body))
		if (result == nil) == (refusal == nil) {
			t.Fatalf("%v and %v", result, refusal)
		}
		if _, err := json.Marshal(result); err != nil {
			t.Fatal(err)
		}
		if refusal != nil && (refusal.Text == "" || app.last() != nil) {
			t.Fatalf("%+v, asked %v", refusal, app.last())
		}
	})
}

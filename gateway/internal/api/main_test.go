package api

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key, old = "a key that only this test has", "the key before it"

// notes is an App that notes what it is asked for, and answers that; an Observer, and a log.
type notes struct {
	mu      sync.Mutex
	asked   []any
	counted []string
	log     strings.Builder
	answer  contract.Answer
	hold    chan struct{} // Say waits for it, unless it is nil
}

func (n *notes) note(what any) contract.Answer {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, what)
	return n.answer
}

func (n *notes) Emit(e chat.Emit) contract.Answer { return n.note(e) }

func (n *notes) Say(ctx context.Context, s chat.Speech) contract.Answer {
	answer := n.note(s)
	if n.hold != nil {
		select {
		case <-n.hold:
		case <-ctx.Done():
			return contract.Failure{Code: contract.Unavailable}
		}
	}
	return answer
}

func (n *notes) Join(who chat.Whom, rooms []string) contract.Answer {
	return n.note([]any{"join", who, rooms})
}

func (n *notes) Leave(who chat.Whom, rooms []string) contract.Answer {
	return n.note([]any{"leave", who, rooms})
}

func (n *notes) Disconnect(who chat.Whom) contract.Answer { return n.note(who) }

func (n *notes) Revoke(users []string) contract.Answer { return n.note(users) }

func (n *notes) Members(_ context.Context, room string) (contract.Members, contract.Answer) {
	n.note(room)
	return contract.Members{People: []*contract.Person{contract.NewPerson("7", json.RawMessage("7"), "Ann")}, Count: 2}, nil
}

func (n *notes) Online(_ context.Context, users []string) (contract.Members, contract.Answer) {
	return contract.Members{}, n.note(users)
}

func (n *notes) APIRequest(path, outcome string, _ time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.counted = append(n.counted, path+" "+outcome)
}

func (n *notes) Write(line []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.log.Write(line)
}

func (n *notes) text() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.log.String()
}

func (n *notes) last() any {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.asked) == 0 {
		return nil
	}
	return n.asked[len(n.asked)-1]
}

// serve serves an app over a real port.
func serve(t *testing.T, app *notes, change func(*Options)) (url string) {
	t.Helper()
	o := Options{Keys: []string{old, key}, MaxBody: 10_000, Deadline: 10 * time.Second, Observer: app,
		Logger: slog.New(slog.NewTextHandler(app, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if change != nil {
		change(&o)
	}
	if app.answer == nil {
		app.answer = contract.Success{}
	}
	server := httptest.NewServer(New(app, o))
	t.Cleanup(func() {
		server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return server.URL
}

// ask posts a body with the key, and headers in pairs.
func ask(t *testing.T, url string, body io.Reader, headers ...string) (status int, answer map[string]any) {
	t.Helper()
	return request(t, http.MethodPost, url, body, append([]string{"Authorization", "Bearer " + key}, headers...)...)
}

func request(t *testing.T, method, url string, body io.Reader, headers ...string) (status int, answer map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	if err != nil || rawjson.Check(text) != nil || json.Unmarshal(text, &answer) != nil {
		t.Fatalf("%s %s: %q, %v", method, url, text, err)
	}
	return w.StatusCode, answer
}

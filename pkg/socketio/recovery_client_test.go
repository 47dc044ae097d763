package socketio

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// returning is a client that keeps of its session what official clients keep.
type returning struct {
	*client
	namespace, sid, pid, offset string
}

var pidReply = regexp.MustCompile(`^\{"sid":"([A-Za-z0-9_-]{20})","pid":"([A-Za-z0-9_-]{42})"\}$`)

// arrive connects a client, with what it kept of an earlier connection, and its own auth.
func (m *memory) arrive(namespace string, kept *returning, auth ...string) *returning {
	m.t.Helper()
	r := &returning{client: m.dial(), namespace: namespace}
	fields := auth
	if kept != nil {
		r.offset = kept.offset
		fields = append([]string{fmt.Sprintf(`"pid":%q`, kept.pid)}, fields...)
		if kept.offset != "" {
			fields = append(fields, fmt.Sprintf(`"offset":%q`, kept.offset))
		}
	}
	r.connect("{" + strings.Join(fields, ",") + "}")
	synctest.Wait() // until the server has let it in as well
	return r
}

func (r *returning) connect(payload string) {
	r.t.Helper()
	r.say(r.head("0") + payload)
	got := r.hear()
	match := pidReply.FindStringSubmatch(strings.TrimPrefix(got, r.head("0")))
	if !strings.HasPrefix(got, r.head("0")) || match == nil {
		r.t.Fatalf("CONNECT was answered by %q", got)
	}
	r.sid, r.pid = match[1], match[2]
}

func (r *returning) head(kind string) string {
	if r.namespace == "/" {
		return kind
	}
	return kind + r.namespace + ","
}

// next returns the next event but for its offset, which it notes as official clients do.
func (r *returning) next() string {
	r.t.Helper()
	event := r.hear()
	var args []json.RawMessage
	if err := json.Unmarshal([]byte(event[strings.Index(event, "["):]), &args); err != nil {
		r.t.Fatalf("%q: %v", event, err)
	}
	var offset string
	if json.Unmarshal(args[len(args)-1], &offset) != nil {
		return event
	}
	if before, now := number(r.t, r.offset), number(r.t, offset); now <= before {
		r.t.Fatalf("%q after offset %q", event, r.offset)
	}
	r.offset = offset
	return strings.TrimSuffix(event, fmt.Sprintf(`,%q]`, offset)) + "]"
}

func number(t testing.TB, offset string) (n Offset) {
	t.Helper()
	if offset == "" {
		return 0
	}
	back, _, ok := readComeback(json.RawMessage(fmt.Sprintf(`{"pid":"p","offset":%q}`, offset)))
	if !ok {
		t.Fatalf("%q is no offset", offset)
	}
	return back.offset
}

func (r *returning) expectNext(want ...string) {
	r.t.Helper()
	for _, want := range want {
		if got := r.next(); got != want {
			r.t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}

// expectBack checks that the session was taken up, and expectNew that it was not.
func (r *returning) expectBack(kept *returning) *returning {
	r.t.Helper()
	if r.sid != kept.sid || r.pid != kept.pid {
		r.t.Fatalf("sid %s, pid %s, want %s, %s", r.sid, r.pid, kept.sid, kept.pid)
	}
	return r
}

func (r *returning) expectNew(kept *returning) *returning {
	r.t.Helper()
	if r.sid == kept.sid || r.pid == kept.pid {
		r.t.Fatalf("sid %s, pid %s are the old ones", r.sid, r.pid)
	}
	return r
}

// counts is a RecoveryObserver.
type counts struct {
	mu   sync.Mutex
	told []string
}

func (c *counts) Recovered(source string, events int) { c.note(fmt.Sprint(source, " ", events)) }
func (c *counts) NotRecovered(reason string)          { c.note(reason) }
func (c *counts) note(what string)                    { c.mu.Lock(); defer c.mu.Unlock(); c.told = append(c.told, what) }

// take returns what was told since the last call.
func (c *counts) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	told := c.told
	c.told = nil
	return told
}

func (c *counts) expect(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait() // a client has its events before the observer is told
	if got := c.take(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the observer was told %q, want %q", got, want)
	}
}

package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var address = netip.MustParseAddr("::ffff:203.0.113.9")

func TestEveryRecordIsOneLineWhateverItHolds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.log")
	for range 2 { // the second start adds to what the first has written
		l, err := Open(path, func(int) { t.Error("lost") }, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		l.Record("join", "ann", "a room\n{\"event\":\"login\"}\u2028\xff", address, "")
		l.Record("refusal", "", "", netip.Addr{}, "expired")
		l.Close()
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != 4 {
		t.Fatalf("%d lines: %s", len(lines), text)
	}
	for i, want := range []map[string]string{{"event": "join", "user": "ann", "address": "203.0.113.9"}, {"event": "refusal", "reason": "expired"}} {
		var got map[string]string
		if err := json.Unmarshal([]byte(lines[i+2]), &got); err != nil || got["time"] == "" {
			t.Errorf("%s: %v", lines[i], err)
		}
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%s is %q, want %q: %s", key, got[key], value, lines[i])
			}
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: others may read it", info.Mode(), err)
	}
}

func TestALogThatCannotBeOpenedStopsTheStart(t *testing.T) {
	t.Parallel()
	if _, err := Open(t.TempDir(), nil, nil); err == nil || !strings.HasPrefix(err.Error(), "AUDIT_LOG: ") {
		t.Errorf("error %v", err)
	}
}

// disk is full, or stuck until it is freed.
type disk struct {
	stuck chan struct{}
	err   error
}

func (d disk) Write(p []byte) (int, error) {
	if d.stuck != nil {
		<-d.stuck
	}
	return 0, d.err
}

func (disk) Close() error { return nil }

func TestNobodyWaitsForADiskAndWhatIsLostIsCounted(t *testing.T) {
	t.Parallel()
	var lost atomic.Int64
	var log bytes.Buffer
	d := disk{make(chan struct{}), errors.New("no space left")}
	l := start(d, func(n int) { lost.Add(int64(n)) }, slog.New(slog.NewTextHandler(&log, nil)))
	for range 3 * queued {
		l.Record("login", "ann", "", address, "")
	}
	if n := lost.Load(); n < queued {
		t.Errorf("%d of %d were lost while the disk was stuck", n, 3*queued)
	}
	close(d.stuck)
	l.Close()
	l.Record("login", "ann", "", address, "")
	if n := lost.Load(); n != 3*queued+1 {
		t.Errorf("%d are counted as lost, want %d", n, 3*queued+1)
	}
	if n := strings.Count(log.String(), "AUDIT_LOG"); n != 1 {
		t.Errorf("%d lines: %s", n, log.String())
	}
}

func TestWhoIsRefusedCannotFillTheDisk(t *testing.T) {
	t.Parallel()
	lost := 0
	path := filepath.Join(t.TempDir(), "audit.log")
	l, err := Open(path, func(n int) { lost += n }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1000, 0)
	l.now = func() time.Time { return now }
	for range 3 {
		for range 1000 {
			l.Record("refusal", "", "", address, "no_token")
		}
		l.Record("login", "ann", "", address, "")
		now = now.Add(time.Second)
	}
	l.Close()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n, logins := strings.Count(string(text), "refusal"), strings.Count(string(text), "login"); n != 3*refusalsPerSecond || logins != 3 || lost != 3000-n {
		t.Errorf("%d refusals and %d logins were kept, %d lost", n, logins, lost)
	}
}

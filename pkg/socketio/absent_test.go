package socketio

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
)

func TestEachClientThatAsksForANamespaceThatThereIsNotIsCounted(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	m := serve(t, Options{OnNoNamespace: func() { asked.Add(1) }}, func(s *Server) { s.Of("/") })
	for range 2 {
		c := m.connect("/")
		c.say("0/none,")
		c.expect(`4/none,{"message":"Invalid namespace"}`)
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("%d were counted, want 2", n)
	}
}

func TestTheLogNamesEachNamespaceThatThereIsNotOnceAndNoData(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var a absent
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for range 3 {
		for _, name := range []string{"/chat", "/a secret?token=1", "/x\nlevel=ERROR", "/" + strings.Repeat("n", 100)} {
			a.tell(logger, name)
		}
	}
	said := log.String()
	if strings.Count(said, "\n") != 2 || strings.Count(said, "namespace=/chat") != 1 || !strings.Contains(said, "option path") {
		t.Errorf("logged\n%s", said)
	}
	for _, data := range []string{"secret", "ERROR", "nnnn"} {
		if strings.Contains(said, data) {
			t.Errorf("%s is in the log:\n%s", data, said)
		}
	}
	for i := range 1000 {
		a.tell(logger, fmt.Sprintf("/made-up-%d", i))
	}
	if n := strings.Count(log.String(), "\n"); n != maxAbsent {
		t.Errorf("%d lines, want %d", n, maxAbsent)
	}
}

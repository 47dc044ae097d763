package socketio

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

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

package redis

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/redis/redistest"
)

func TestAServerThatIsGoneIsAnErrorWithinItsDeadlineAndHeals(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client, err := Open(t.Context(), Options{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ping := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		return client.Do(ctx, client.B().Ping().Build()).Error()
	}
	server.Kill()
	if ping() == nil {
		t.Fatal("a killed server answered")
	}
	server.Restart()
	for err = ping(); err != nil && t.Context().Err() == nil; err = ping() {
		time.Sleep(10 * time.Millisecond)
	}
	server.Pause()
	began := time.Now()
	err = client.Do(context.Background(), client.B().Ping().Build()).Error() // without a deadline of its own
	server.Resume()
	if err == nil {
		t.Fatalf("a server that stands still answered after %v", time.Since(began))
	}
}

func TestNoErrorTellsThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"http://:hunter2@h", "redis://:hunter2@127.0.0.1:1", "redis://:hunter2@h:x%zz", "redis://:hunter2@h/a/b"} {
		if _, err := Open(t.Context(), Options{URL: url}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

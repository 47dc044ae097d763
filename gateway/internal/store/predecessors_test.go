package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
)

// The server goes on with the last statement of a process that was killed, here for half a second.
func TestWhatAKilledProcessHadSentIsCommittedBeforeTheNextOneBegins(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, plain("TEXT"))
	first := open(t, Config{URL: url})
	position := uint64(time.Now().Add(time.Second).UnixMilli()) * perMilli
	id := first.mapping.newID(position, 0)
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["application_name"] = "socketgate-writer-before"
	writer, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := writer.Exec(t.Context(), fmt.Sprintf(`INSERT INTO "Message" (id, text, "userId", "roomId")
			SELECT '%s', 'late', 'u', 'r' FROM (SELECT pg_sleep(0.5)) AS slept`, id))
		done <- err
	}()
	const atWork = `SELECT pid::text FROM pg_stat_activity WHERE application_name = 'socketgate-writer-before' AND query LIKE 'INSERT%'`
	for end := time.Now().Add(patience); len(dbtest.Column(t, url, atWork)) == 0; {
		if time.Now().After(end) {
			t.Fatal("the statement has not begun")
		}
	}
	if head := open(t, Config{URL: url}).Head(); head != position {
		t.Errorf("the next one begins at %d, want %d", head, position)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

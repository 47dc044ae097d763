package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
)

// Everybody's query takes a while. Whoever asks from 120 sockets waits behind himself, and an honest join takes no more than a
// few of them: it would wait for 120 / 4 otherwise.
func TestAJoinDoesNotWaitBehind120SocketsOfOneUser(t *testing.T) {
	t.Parallel()
	const sockets, takes = 120, 250 * time.Millisecond
	watch := &counts{}
	s := open(t, Config{
		URL: dbtest.Postgres(t, prismaPostgres), PoolSize: 5, Observer: watch, Timeout: patience,
		AccessQuery: fmt.Sprintf(`SELECT true FROM pg_sleep(%f) WHERE $1 <> $2`, takes.Seconds()),
	})
	var eve sync.WaitGroup
	for i := range sockets {
		eve.Go(func() { s.MayJoin(t.Context(), fmt.Sprint("room ", i), "eve") })
	}
	for deadline := time.Now().Add(patience); watch.refusedFull() < sockets-2-32; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d were refused", watch.refusedFull())
		}
	}
	began := time.Now()
	if ok, err := s.MayJoin(t.Context(), "r", "ann"); !ok || err != nil {
		t.Error(ok, err)
	}
	waited := time.Since(began)
	eve.Wait()
	if all := time.Since(began); waited > all/4 {
		t.Errorf("an honest join took %s, while the attacker's 32 took %s", waited, all)
	}
}

func (c *counts) refusedFull() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lookups["room_access full"]
}

package cluster

import (
	"errors"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/redis"
	"github.com/socketgate/socketgate/gateway/internal/redis/redistest"
)

// Every way in which Redis may not have what it had acknowledged is an error that says so, and writes nothing.
func TestWritesOfAnEpochThatIsOverOrLostAreRefused(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	client, err := redis.Open(t.Context(), redis.Options{URL: s.URL()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	m := newServer(client, Options{Prefix: "p"}, newEpoch(), nil)
	ctx := t.Context()
	for name, harm := range map[string]func(epoch string){
		"fenced": func(epoch string) {
			if over, err := m.fence(ctx, epoch); err != nil || over {
				t.Fatalf("a lease was taken away: %v", err)
			}
			s.Do("DEL", m.keys.lease(epoch))
			if over, err := m.fence(ctx, epoch); err != nil || !over {
				t.Fatalf("not fenced: %v", err)
			}
		},
		"flushed":       func(string) { s.Do("FLUSHALL") },
		"older":         func(epoch string) { s.Do("HSET", m.keys.known(), epoch, "1") },
		"other history": func(string) { m.history = "another" },
	} {
		epoch := newEpoch()
		if err := m.register(ctx, epoch, time.Minute); err != nil {
			t.Fatal(err)
		}
		b := &batch{epoch: epoch, seq: 2, sections: []section{{room: "r", fields: []field{{user: "a", value: "v"}}}}}
		if err := m.write(ctx, b); err != nil {
			t.Fatal(err)
		}
		if r, err := m.renew(ctx, epoch, 2, time.Minute); err != nil || r.alive[epoch].seq != 2 || r.alive[epoch].left < 59*time.Second {
			t.Fatalf("%v, %v", r, err)
		}
		harm(epoch)
		if _, err := m.renew(ctx, epoch, 2, time.Minute); !errors.Is(err, errLost) {
			t.Errorf("%s: renewed: %v", name, err)
		}
		if name == "other history" {
			continue
		}
		late := &batch{epoch: epoch, wrote: 2, seq: 3, sections: []section{{room: "late", fields: b.sections[0].fields}}}
		if err := m.write(ctx, late); !errors.Is(err, errLost) {
			t.Errorf("%s: written: %v", name, err)
		}
		if n, err := s.Do("EXISTS", m.keys.room("late")).AsInt64(); err != nil || n != 0 {
			t.Errorf("%s: a late write is there: %v", name, err)
		}
	}
}

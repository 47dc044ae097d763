package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// sweeping lets a test hold the table while others ask.
type sweeping struct {
	table
	began   chan span
	release chan struct{}
}

func holdSweeps(s *Store) *sweeping {
	h := &sweeping{table: s.table, began: make(chan span, 100), release: make(chan struct{})}
	s.table = h
	return h
}

func (h *sweeping) missed(ctx context.Context, sp span, take func(*entry) bool) (string, error) {
	h.began <- sp
	select {
	case <-h.release:
		return h.table.missed(ctx, sp, take)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func TestAllWhoAskMeanwhileAreReadTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		watch := &counts{}
		s := open(t, Config{URL: url, Observer: watch})
		h := holdSweeps(s)
		var after []uint64
		for i := range 10 {
			after = append(after, mustSave(t, s, draft(fmt.Sprint("r", i%5), fmt.Sprint(i))).Position)
		}
		const askers = 200
		var running sync.WaitGroup
		ask := func(i int) {
			running.Go(func() {
				room := i % 5
				kept, err := s.Missed(t.Context(), []message.Gap{{Room: fmt.Sprint("r", room), After: after[room]}}, after[9], 10)
				if want := fmt.Sprint(5 + room); err != nil || textsOf(kept) != want {
					t.Errorf("asker %d read %q, %v, want %s", i, textsOf(kept), err, want)
				}
			})
		}
		ask(0)
		<-h.began
		for i := range askers {
			ask(1 + i)
		}
		eventually(t, func() error {
			s.asking.mu.Lock()
			defer s.asking.mu.Unlock()
			if n := len(s.asking.waiting); n < askers {
				return fmt.Errorf("%d wait", n)
			}
			return nil
		})
		close(h.release)
		running.Wait()
		shut(t, s)
		if got := fmt.Sprint(watch.sweeps); got != "[1 200]" || watch.read != 1+9 {
			t.Errorf("sweeps for %s, which read %d rows, want [1 200] and 10", got, watch.read)
		}
	})
}

func TestEachIsToldOnlyOfItsOwnGapsUpToItsEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, Config{URL: url})
		var at []uint64
		for i := range 12 {
			at = append(at, mustSave(t, s, draft(fmt.Sprint("r", i%3), fmt.Sprint(i))).Position)
		}
		for name, c := range map[string]struct {
			gaps    []message.Gap
			through uint64
			want    string
		}{
			"one room":                   {[]message.Gap{{Room: "r0", After: at[3]}}, at[11], "6 9"},
			"the end is in":              {[]message.Gap{{Room: "r0", After: at[3]}}, at[9], "6 9"},
			"what comes later is not":    {[]message.Gap{{Room: "r0", After: at[3]}}, at[8], "6"},
			"rooms from different on":    {[]message.Gap{{Room: "r0", After: at[6]}, {Room: "r1", After: at[0]}, {Room: "r2", After: at[11]}}, at[11], "1 4 7 9 10"},
			"a room that is named twice": {[]message.Gap{{Room: "r1", After: at[8]}, {Room: "r1", After: at[5]}}, at[11], "7 10"},
			"nothing":                    {[]message.Gap{{Room: "r0", After: at[9]}}, at[11], ""},
			"the end is the beginning":   {[]message.Gap{{Room: "r0", After: at[11]}}, at[11], ""},
			"no such room":               {[]message.Gap{{Room: "r7"}}, at[11], ""},
			"no room at all":             {nil, at[11], ""},
		} {
			kept, err := s.Missed(t.Context(), c.gaps, c.through, 100)
			if err != nil || textsOf(kept) != c.want {
				t.Errorf("%s: read %q, %v, want %q", name, textsOf(kept), err, c.want)
			}
		}
	})
}

func TestThoseWhoAreReadTogetherHearEachUpToItsOwnEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, Config{URL: url})
		var at []uint64
		for i := range 6 {
			at = append(at, mustSave(t, s, draft("r", fmt.Sprint(i))).Position)
		}
		var all []*asked
		for end := range at {
			all = append(all, &asked{ctx: t.Context(), gaps: []gap{{place{room: "r"}, at[end/2]}}, through: at[end], limit: 10})
		}
		newSwath(s, all).read(t.Context())
		for end, want := range []string{"", "1", "2", "2 3", "3 4", "3 4 5"} {
			if got := textsOf(all[end].inOrder()); got != want || all[end].err != nil {
				t.Errorf("from %d to %d: %q, %v, want %q", end/2, end, got, all[end].err, want)
			}
		}
	})
}

func TestWhatTheAppWroteIsNotReadAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, Config{URL: url})
		first := mustSave(t, s, draft("r", "1"))
		mustSave(t, s, draft("r", "2"))
		id := strings.Trim(string(first.ID), `"`)
		forged := id[:13] + "aaaa" + id[17:] // of our shape, without our mark
		for _, id := range []string{forged, id[:13] + "zzzz00000000", id[:12] + "k8m2p0q5r9s3t7u1"} {
			row := fmt.Sprintf(`INSERT INTO "Message" (id, text, "userId", "roomId") VALUES ('%s', 'app', 'u1', 'r')`, id)
			if strings.HasPrefix(url, "file:") {
				dbtest.SQLite(t, url, row)
			} else {
				dbtest.Exec(t, url, row)
			}
		}
		if got := textsOf(missed(t, s, s.Head(), "r")); got != "1 2" {
			t.Errorf("read %q", got)
		}
	})
}

func TestMessagesToAPersonAreReadAgainForTheReceiver(t *testing.T) {
	t.Parallel()
	onBothWith(t, strings.Replace(eitherTable, "id INTEGER PRIMARY KEY", "id TEXT PRIMARY KEY", 1), func(t *testing.T, url string) {
		s := open(t, Config{URL: url})
		for i, d := range []message.Draft{{Receiver: "bob"}, {Room: "bob"}, {Receiver: "eve"}, {Room: "r"}, {Receiver: "bob"}} {
			d.User, d.Text = "ann", fmt.Sprint(i)
			mustSave(t, s, d)
		}
		kept, err := s.Missed(t.Context(), []message.Gap{{Receiver: "bob"}, {Room: "r"}}, 1<<62, 10)
		if err != nil || textsOf(kept) != "0 3 4" || kept[0].ToReceiver != "bob" || kept[0].InRoom != "" || string(kept[0].Receiver) != `"bob"` || kept[1].InRoom != "r" {
			t.Errorf("read %s, %v", show(kept), err)
		}
	})
}

// A sender's other devices hear what was sent to somebody too.
func TestMessagesToAPersonAreReadAgainForTheSender(t *testing.T) {
	t.Parallel()
	onBothWith(t, strings.Replace(eitherTable, "id INTEGER PRIMARY KEY", "id TEXT PRIMARY KEY", 1), func(t *testing.T, url string) {
		s := open(t, Config{URL: url})
		for i, d := range []message.Draft{{User: "ann", Receiver: "bob"}, {User: "ann", Room: "r"}, {User: "eve", Receiver: "bob"}, {User: "ann", Receiver: "ann"}, {User: "bob", Receiver: "ann"}} {
			d.Text = fmt.Sprint(i)
			mustSave(t, s, d)
		}
		for who, want := range map[string]string{"ann": "0 3 4", "bob": "0 2 4", "eve": "2"} {
			kept, err := s.Missed(t.Context(), []message.Gap{{Receiver: who}, {Sender: who}}, 1<<62, 10)
			if err != nil || textsOf(kept) != want {
				t.Errorf("%s: read %q, %v, want %q", who, textsOf(kept), err, want)
			}
		}
	})
}

// An index leads to what a sender said to rooms, too.
func TestWhatASenderSaidToRoomsHidesNothingThatWasSentToPersons(t *testing.T) {
	t.Parallel()
	table := strings.Replace(eitherTable, "id INTEGER PRIMARY KEY", "id TEXT PRIMARY KEY", 1) + `; CREATE INDEX i ON "Message" ("senderId", id)`
	onBothWith(t, table, func(t *testing.T, url string) {
		s := open(t, Config{URL: url})
		mustSave(t, s, message.Draft{Receiver: "bob", User: "ann", Text: "psst"})
		for range 3 {
			mustSave(t, s, message.Draft{Room: "r", User: "ann", Text: "hi"})
		}
		kept, err := s.Missed(t.Context(), []message.Gap{{Sender: "ann"}}, 1<<62, 4)
		if err != nil || textsOf(kept) != "psst" || !s.mapping.User.leads {
			t.Errorf("read %q, %v", textsOf(kept), err)
		}
		if kept, err := s.Missed(t.Context(), []message.Gap{{Sender: "ann"}}, 1<<62, 2); !errors.Is(err, message.ErrTooMuch) {
			t.Errorf("read %q, %v", textsOf(kept), err)
		}
	})
}

func TestWhoMissedMoreThanTheLimitIsToldSoAndOthersAreNot(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, Config{URL: url})
		var at []uint64
		for i := range 10 {
			at = append(at, mustSave(t, s, draft("r", fmt.Sprint(i))).Position)
		}
		for limit, want := range map[int]error{9: message.ErrTooMuch, 10: nil} {
			if _, err := s.Missed(t.Context(), []message.Gap{{Room: "r"}}, at[9], limit); !errors.Is(err, want) {
				t.Errorf("limit %d: %v", limit, err)
			}
		}
		kept, err := s.Missed(t.Context(), []message.Gap{{Room: "r", After: at[6]}}, at[9], 3)
		if err != nil || textsOf(kept) != "7 8 9" {
			t.Errorf("read %q, %v", textsOf(kept), err)
		}
	})
}

// A key that is lost must not look like a room in which nothing was said.
func TestATextThatCanNotBeDecryptedIsNoSilence(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, Config{URL: url, Encrypt: sealed, Decrypt: unsealed})
		mustSave(t, s, draft("r", "1"))
		shut(t, s)
		s = open(t, Config{URL: url, Encrypt: sealed, Decrypt: func(text, room, user string) (string, error) { return unsealed(text, "elsewhere", user) }})
		after := s.Head() - 1
		if _, err := s.Missed(t.Context(), []message.Gap{{Room: "r", After: after}}, s.Head(), 10); !errors.Is(err, message.ErrUnavailable) {
			t.Errorf("error %v", err)
		}
	})
}

func TestAStalledDatabaseIsAnErrorWithinTheTimeout(t *testing.T) {
	t.Parallel()
	watch := &counts{}
	url := dbtest.Postgres(t, prismaPostgres)
	s := open(t, Config{URL: url, Timeout: 300 * time.Millisecond, Observer: watch})
	mustSave(t, s, draft("r", "1"))
	held, release := make(chan struct{}), make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() { inTransaction(t, url, `LOCK TABLE "Message" IN ACCESS EXCLUSIVE MODE`, held, release) })
	<-held
	began := time.Now()
	var asking sync.WaitGroup
	for range 5 {
		asking.Go(func() {
			if _, err := s.Missed(t.Context(), []message.Gap{{Room: "r"}}, 1<<62, 10); !errors.Is(err, message.ErrUnavailable) {
				t.Errorf("error %v", err)
			}
		})
	}
	asking.Wait()
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
	close(release)
	running.Wait()
	eventually(t, func() error {
		kept, err := s.Missed(t.Context(), []message.Gap{{Room: "r"}}, 1<<62, 10)
		if err == nil && textsOf(kept) != "1" {
			err = fmt.Errorf("read %q", textsOf(kept))
		}
		return err
	})
	if watch.missed["timeout"]+watch.missed["down"] < 5 {
		t.Errorf("counted %v", watch.missed)
	}
}

func TestWhoAsksWhileTheStoreClosesIsAnswered(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		watch := &counts{}
		s := open(t, Config{URL: url, Timeout: time.Hour, Observer: watch})
		h := holdSweeps(s)
		answers := make(chan error, 50)
		ask := func() {
			_, err := s.Missed(context.Background(), []message.Gap{{Room: "r"}}, 1<<62, 10)
			answers <- err
		}
		go ask()
		<-h.began
		for range 48 {
			go ask()
		}
		shut(t, s)
		ask()
		for range 50 {
			select {
			case err := <-answers:
				if !errors.Is(err, message.ErrUnavailable) {
					t.Errorf("error %v", err)
				}
			case <-time.After(patience):
				t.Fatal("no answer")
			}
		}
		if watch.missed["closing"]+watch.missed["down"] != 50 {
			t.Errorf("counted %v, want nobody whose time was over", watch.missed)
		}
	})
}

func TestWhoWaitsToBeReadIsBounded(t *testing.T) {
	t.Parallel()
	q := newAsking()
	for range maxAsking {
		must(t, q.add(&asked{ctx: t.Context()}))
	}
	if err := q.add(&asked{ctx: t.Context()}); !errors.Is(err, message.ErrUnavailable) {
		t.Errorf("one more: %v", err)
	}
	q.take()
	must(t, q.add(&asked{ctx: t.Context(), gaps: make([]gap, maxAskingGaps)}))
	if err := q.add(&asked{ctx: t.Context(), gaps: make([]gap, 1)}); !errors.Is(err, message.ErrUnavailable) {
		t.Errorf("one more room: %v", err)
	}
}

package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// onBoth runs a test on the default table of each database.
func onBoth(t *testing.T, f func(t *testing.T, url string)) {
	t.Parallel()
	t.Run("postgres", func(t *testing.T) { t.Parallel(); f(t, dbtest.Postgres(t, prismaPostgres)) })
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); f(t, newSQLite(t)) })
}

func TestAnAckMeansCommitted(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, reader := open(t, Config{URL: url}), open(t, Config{URL: url})
		for i := range 20 {
			stored := mustSave(t, s, draft("r1", fmt.Sprint("text ", i)))
			rows, err := reader.newest(t.Context(), 1)
			must(t, err)
			if len(rows) != 1 || rows[0].text != fmt.Sprint("text ", i) || `"`+rows[0].id+`"` != string(stored.ID) {
				t.Fatalf("acked %s as %q, another connection reads %v", stored.ID, fmt.Sprint("text ", i), rows)
			}
		}
	})
}

func TestARowHoldsCiphertextAndTheAnswerTheRow(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		encrypt := func(text, _, _ string) (string, error) { return "sealed:" + strings.ToUpper(text), nil }
		s := open(t, Config{URL: url, Encrypt: encrypt})
		before := time.Now().Truncate(time.Millisecond)
		stored := mustSave(t, s, draft(`room "1"`, "hello"))
		rows, err := s.newest(t.Context(), 5)
		must(t, err)
		want := row{id: rows[0].id, text: "sealed:HELLO", user: "u1", room: `room "1"`, createdAt: rows[0].createdAt}
		if len(rows) != 1 || rows[0] != want {
			t.Errorf("row %+v, want %+v", rows, want)
		}
		layout := "2006-01-02 15:04:05.999" // as Postgres prints timestamp(3)
		if s.mapping.Database == database.SQLite {
			layout = "2006-01-02T15:04:05.000+00:00"
		}
		if rows[0].createdAt != stored.CreatedAt.Format(layout) {
			t.Errorf("row of %s, answer of %s", rows[0].createdAt, stored.CreatedAt)
		}
		if at := stored.CreatedAt; at.Before(before) || at.After(time.Now()) || at.Location() != time.UTC || at.Nanosecond()%1e6 != 0 {
			t.Errorf("createdAt %s is not now in whole UTC milliseconds", at)
		}
		if string(stored.Room) != `"room \"1\""` || string(stored.User) != `"u1"` || len(stored.ID) != 27 || stored.ID[1] != 'c' {
			t.Errorf("answer %s %s %s, want JSON strings and a cuid", stored.ID, stored.Room, stored.User)
		}
	})
}

// Senders of several rooms at once: what each room reads by createdAt is what it was answered, and each
// sender's messages keep their order.
func TestARoomReadsItsMessagesInTheOrderItHeardThem(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		const senders, each = 8, 100
		watch := &counts{}
		s := open(t, Config{URL: url, Observer: watch})
		var heard []string // by room "r0"; done calls come from one goroutine
		var last time.Time
		var answered sync.WaitGroup
		answered.Add(senders * each)
		var sending sync.WaitGroup
		for sender := range senders {
			sending.Go(func() {
				for i := range each {
					room, text := fmt.Sprint("r", i%2), fmt.Sprintf("%d %03d", sender, i)
					s.Save(draft(room, text), func(stored message.Stored, err error) {
						defer answered.Done()
						if err != nil {
							t.Error(err)
						}
						if room != "r0" {
							return
						}
						if !stored.CreatedAt.After(last) {
							t.Errorf("%s after %s", stored.CreatedAt, last)
						}
						last = stored.CreatedAt
						heard = append(heard, text)
					})
				}
			})
		}
		sending.Wait()
		answered.Wait()
		rows, err := s.newest(t.Context(), senders*each)
		must(t, err)
		read := map[string]int{}
		for i, r := range rows { // newest first, whole database
			read[r.text] = i
		}
		position, previous := len(rows), map[byte]string{}
		for _, text := range heard {
			if at, ok := read[text]; !ok || at >= position {
				t.Fatalf("%q heard out of the order it is read in", text)
			} else {
				position = at
			}
			if text < previous[text[0]] {
				t.Errorf("sender %c: %q heard after %q", text[0], text, previous[text[0]])
			}
			previous[text[0]] = text
		}
		if len(heard) != senders*each/2 || watch.committed != senders*each {
			t.Errorf("heard %d, committed %d", len(heard), watch.committed)
		}
	})
}

// The first commit is held by a lock. What gathers behind it goes out in one statement.
func TestWhatGathersDuringACommitGoesOutInOne(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres)
	watch := &counts{}
	s := open(t, Config{URL: url, Observer: watch, Timeout: patience})
	locked := lockTable(t, url)
	const many = 500
	var answered sync.WaitGroup
	answered.Add(1 + many)
	done := func(_ message.Stored, err error) {
		if err != nil {
			t.Error(err)
		}
		answered.Done()
	}
	s.Save(draft("r1", "first"), done)
	eventually(t, func() error {
		if s.queue.over() || len(s.queueWaiting()) > 0 {
			return errors.New("the first message was not taken")
		}
		return nil
	})
	for range many {
		s.Save(draft("r1", "later"), done)
	}
	locked()
	answered.Wait()
	if watch.largest != many || watch.committed != 1+many {
		t.Errorf("largest commit %d of %d messages, want %d in one", watch.largest, watch.committed, many)
	}
}

func (s *Store) queueWaiting() []*entry {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	return s.queue.waiting
}

func TestAFullQueueRefusesAtOnceAndOnlyTheSurplus(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"messages": {QueueMessages: 10},
		"bytes":    {QueueBytes: 10 * (384 + 5 + 2*(25+2+2))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			watch := &counts{}
			c.URL, c.Observer, c.Timeout = dbtest.Postgres(t, prismaPostgres), watch, patience
			s := open(t, c)
			unlock := lockTable(t, c.URL)
			var ok, refused atomic.Int32
			var answered sync.WaitGroup
			for range 25 {
				answered.Add(1)
				s.Save(draft("r1", "hello"), func(_ message.Stored, err error) {
					if errors.Is(err, message.ErrUnavailable) {
						refused.Add(1)
					} else if err == nil {
						ok.Add(1)
					}
					answered.Done()
				})
			}
			if refused.Load() != 15 {
				t.Errorf("%d refused before Save returned, want 15", refused.Load())
			}
			unlock()
			answered.Wait()
			if ok.Load() != 10 || watch.failed["full"] != 15 {
				t.Errorf("%d stored, %v", ok.Load(), watch)
			}
			mustSave(t, s, draft("r1", "hello")) // answered messages make room
		})
	}
}

func TestCloseCommitsAndAnswersWhatWasAccepted(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, Config{URL: url})
		const many = 300
		var acked atomic.Int32
		for i := range many {
			s.Save(draft("r1", fmt.Sprint(i)), func(_ message.Stored, err error) {
				if err == nil {
					acked.Add(1)
				}
			})
		}
		shut(t, s)
		if acked.Load() != many {
			t.Errorf("%d of %d acked when Close returned", acked.Load(), many)
		}
		if _, err := save(t, s, draft("r1", "late")); !errors.Is(err, message.ErrUnavailable) {
			t.Errorf("after Close: %v", err)
		}
		if err := s.Ready(t.Context()); !errors.Is(err, message.ErrUnavailable) {
			t.Errorf("ready after Close: %v", err)
		}
		rows, err := open(t, Config{URL: url}).newest(t.Context(), many+10)
		must(t, err)
		if len(rows) != many {
			t.Errorf("%d of %d rows", len(rows), many)
		}
	})
}

func TestCloseWithoutPatienceAnswersTheRest(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres)
	s := open(t, Config{URL: url, Timeout: patience})
	unlock := lockTable(t, url)
	defer unlock()
	answers := make(chan error, 2)
	for range 2 {
		s.Save(draft("r1", "stuck"), func(_ message.Stored, err error) { answers <- err })
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close: %v, want the context's error", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("Close took %s", took)
	}
	for range 2 {
		if err := <-answers; !errors.Is(err, message.ErrUnavailable) {
			t.Errorf("answered %v", err)
		}
	}
	s.closed = nil // so that the cleanup's Close is content
}

func TestAFailedEncryptionStoresNothing(t *testing.T) {
	t.Parallel()
	s := open(t, Config{URL: newSQLite(t), Encrypt: func(_, _, _ string) (string, error) { return "", errors.New("no entropy") }})
	if _, err := save(t, s, draft("r1", "secret words")); !errors.Is(err, message.ErrUnavailable) || strings.Contains(err.Error(), "secret words") {
		t.Errorf("answered %v", err)
	}
	if rows, err := s.newest(t.Context(), 1); err != nil || len(rows) > 0 {
		t.Errorf("stored %v, %v", rows, err)
	}
}

func TestWithoutADatabaseMessagesAreAnsweredAndNotStored(t *testing.T) {
	t.Parallel()
	encrypt := func(_, _, _ string) (string, error) { return "", errors.New("asked to encrypt") }
	s := open(t, Config{URL: "none", Encrypt: encrypt})
	first, second := mustSave(t, s, draft("r1", "a")), mustSave(t, s, draft("r1", "b"))
	if string(first.ID) == string(second.ID) || len(first.ID) != 27 || string(first.Room) != `"r1"` || !second.CreatedAt.After(first.CreatedAt) {
		t.Errorf("answers %+v %+v", first, second)
	}
	must(t, s.Ready(t.Context()))
	if _, err := Open(t.Context(), Config{URL: "none", AccessQuery: "SELECT 1"}); err == nil {
		t.Error("an access query without a database was accepted")
	}
}

// lockTable keeps every insert waiting until the returned function is called.
func lockTable(t testing.TB, url string) (unlock func()) {
	t.Helper()
	held, release, released := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(released)
		inTransaction(t, url, `LOCK TABLE "Message" IN EXCLUSIVE MODE`, held, release)
	}()
	<-held
	unlock = sync.OnceFunc(func() { close(release); <-released })
	t.Cleanup(unlock)
	return unlock
}

package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/logtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

const serialTable = `CREATE TABLE "Message" (id SERIAL PRIMARY KEY, text TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT now())`

const allTexts = `SELECT text FROM "Message" ORDER BY 1`

func TestACommitWhoseReplyIsLostIsTriedAgainAndStoredOnce(t *testing.T) {
	t.Parallel()
	direct := dbtest.Postgres(t, prismaPostgres)
	p, url := dbtest.NewProxy(t, direct)
	s := open(t, Config{URL: url, Timeout: patience})
	for i := range 5 {
		s.awakeNow()
		p.Swallow.Store(true)
		text := fmt.Sprint("lost ", i)
		mustSave(t, s, draft("r1", text))
		if got := dbtest.Column(t, direct, allTexts); int(p.Lost.Load()) != i+1 || len(got) != i+1 || got[i] != text {
			t.Fatalf("%d replies lost, rows %q", p.Lost.Load(), got)
		}
		eventually(t, func() error { return s.Ready(t.Context()) })
	}
}

func TestAMessageAnsweredUnavailableDoesNotTurnUpLater(t *testing.T) {
	t.Parallel()
	for name, schema := range map[string]string{
		"ids of the gateway":                    prismaPostgres,
		"ids of the database":                   serialTable,
		"ids of the database, times in seconds": strings.Replace(serialTable, "TIMESTAMP(3)", "TIMESTAMP(0)", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := dbtest.Postgres(t, schema)
			p, url := dbtest.NewProxy(t, direct)
			s := open(t, Config{URL: url, Timeout: time.Second})
			mustSave(t, s, draft("r1", "before"))
			s.awakeNow()
			p.Refuse.Store(true)
			p.Swallow.Store(true)
			began := time.Now()
			if err := <-answerOf(s, draft("r1", "doubtful")); !errors.Is(err, message.ErrUnavailable) {
				t.Fatalf("answered %v", err)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("answered after %s with a timeout of 1s", took)
			}
			if got := dbtest.Column(t, direct, allTexts); len(got) != 2 {
				t.Fatalf("rows %q: the commit was not in doubt, so this test proves nothing", got)
			}
			// Down by now, or within a tick.
			eventually(t, func() error {
				if s.Ready(t.Context()) == nil {
					return errors.New("ready while down")
				}
				return nil
			})
			if err := atOnce(s, draft("r1", "meanwhile")); !errors.Is(err, message.ErrUnavailable) {
				t.Errorf("while down: %v before Save returned", err)
			}
			p.Refuse.Store(false)
			eventually(t, func() error { _, err := save(t, s, draft("r1", "after")); return err })
			if got := dbtest.Column(t, direct, allTexts); len(got) != 2 || got[0] != "after" || got[1] != "before" {
				t.Errorf("rows %q, want after and before", got)
			}
		})
	}
}

// With ids from the database a second insert could not tell that the first one was committed.
func TestACommitInDoubtIsNotTriedAgainWithoutAnIDOfOurOwn(t *testing.T) {
	t.Parallel()
	direct := dbtest.Postgres(t, serialTable)
	p, url := dbtest.NewProxy(t, direct)
	s := open(t, Config{URL: url, Timeout: patience})
	s.awakeNow()
	p.Swallow.Store(true)
	if err := <-answerOf(s, draft("r1", "doubtful")); !errors.Is(err, message.ErrUnavailable) {
		t.Errorf("answered %v", err)
	}
	eventually(t, func() error { _, err := save(t, s, draft("r1", "after")); return err })
	if got := dbtest.Column(t, direct, allTexts); p.Lost.Load() != 1 || len(got) != 1 || got[0] != "after" {
		t.Errorf("%d replies lost, rows %q", p.Lost.Load(), got)
	}
}

// A server that is stopped like this has the statement in its socket, and would run it when it wakes.
func TestAFrozenServerDoesNotStoreLaterWhatWasRefused(t *testing.T) {
	t.Parallel()
	url, _ := dbtest.Server(t, prismaPostgres)
	s := open(t, Config{URL: url, Timeout: time.Second})
	mustSave(t, s, draft("r1", "before"))
	pids := dbtest.Column(t, url, `SELECT pid::text FROM pg_stat_activity WHERE application_name LIKE 'socketgate-writer-%'`)
	if len(pids) != 1 {
		t.Fatalf("writers %v", pids)
	}
	pid, err := strconv.Atoi(pids[0])
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGSTOP))
	thaw := sync.OnceFunc(func() { syscall.Kill(pid, syscall.SIGCONT) })
	defer thaw()
	s.awakeNow()
	if err := <-answerOf(s, draft("r1", "frozen")); !errors.Is(err, message.ErrUnavailable) {
		t.Fatalf("answered %v", err)
	}
	eventually(t, func() error {
		if err := s.Ready(t.Context()); !errors.Is(err, errStillThere) {
			return fmt.Errorf("ready: %v", err)
		}
		return nil
	})
	thaw()
	eventually(t, func() error { _, err := save(t, s, draft("r1", "after")); return err })
	if got := dbtest.Column(t, url, allTexts); len(got) != 2 || got[0] != "after" || got[1] != "before" {
		t.Errorf("rows %q, want after and before", got)
	}
}

// Many senders, and a real server that goes and comes back.
func TestPostgresStoppedInMidRun(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"stop", "crash"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			url, control := dbtest.Server(t, prismaPostgres)
			c := crowd{store: open(t, Config{URL: url, QueueMessages: 30})}
			stop := c.start(50)
			eventually(t, c.hasStored(200))
			control(command)
			eventually(t, c.everySenderWasRefused)
			if err := c.store.Ready(t.Context()); !errors.Is(err, message.ErrUnavailable) {
				t.Errorf("ready while the server is down: %v", err)
			}
			before := c.stored.Load()
			control("start")
			eventually(t, c.hasStored(before+200))
			stop()

			if slow := time.Duration(c.slowest.Load()); slow > 5*time.Second {
				t.Errorf("an answer took %s", slow)
			}
			if full := c.fullest.Load(); full > 30 {
				t.Errorf("%d messages were queued, the bound is 30", full)
			}
			rows := map[string]int{}
			for _, text := range dbtest.Column(t, url, allTexts) {
				rows[text]++
			}
			for text, err := range c.answers {
				switch {
				case err == nil && rows[text] != 1:
					t.Errorf("%q was reported stored and is there %d times", text, rows[text])
				case err != nil && rows[text] != 0:
					t.Errorf("%q was answered %v and is stored", text, err)
				}
				delete(rows, text)
			}
			if len(rows) > 0 {
				t.Errorf("%d rows that nobody was told of", len(rows))
			}
		})
	}
}

// crowd sends as fast as it is answered, and remembers every answer.
type crowd struct {
	store   *Store
	mu      sync.Mutex
	answers map[string]error
	refused map[int]bool // senders who heard ErrUnavailable

	senders int
	stored  atomic.Int64
	slowest atomic.Int64
	fullest atomic.Int64
	sending sync.WaitGroup
}

func (c *crowd) start(senders int) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	c.senders, c.answers, c.refused = senders, map[string]error{}, map[int]bool{}
	for sender := range senders {
		c.sending.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				c.send(sender, fmt.Sprint(sender, "-", i))
			}
		})
	}
	return func() { cancel(); c.sending.Wait() }
}

func (c *crowd) send(sender int, text string) {
	began := time.Now()
	err := <-answerOf(c.store, draft(fmt.Sprint("r", sender%5), text))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[text] = err
	c.slowest.Store(max(c.slowest.Load(), int64(time.Since(began))))
	c.store.queue.mu.Lock()
	c.fullest.Store(max(c.fullest.Load(), int64(c.store.queue.messages)))
	c.store.queue.mu.Unlock()
	if err == nil {
		c.stored.Add(1)
	} else if !errors.Is(err, errFull) {
		c.refused[sender] = true
	}
}

func (c *crowd) hasStored(n int64) func() error {
	return func() error {
		if got := c.stored.Load(); got < n {
			return fmt.Errorf("%d of %d stored", got, n)
		}
		return nil
	}
}

func (c *crowd) everySenderWasRefused() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.refused) < c.senders {
		return fmt.Errorf("%d of %d senders refused", len(c.refused), c.senders)
	}
	return nil
}

func TestAServerThatGoesMuteDoesNotHoldAStart(t *testing.T) {
	t.Parallel()
	p, url := dbtest.NewProxy(t, dbtest.Postgres(t, prismaPostgres))
	p.Mute.Store(true)
	began := time.Now()
	_, err := Open(t.Context(), Config{URL: url, OpenTimeout: 300 * time.Millisecond})
	if took := time.Since(began); took > 5*time.Second { // pgx alone would wait 15 s for a goodbye
		t.Errorf("took %s", took)
	}
	if err == nil || !strings.Contains(err.Error(), "no answer in time from 127.0.0.1:") {
		t.Errorf("error %v", err)
	}
}

func TestAMissingTableIsAnOutageWithOneLogLine(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres)
	var log logtest.Log
	s := open(t, Config{URL: url, Timeout: 500 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for range 3 {
		mustSave(t, s, draft("r1", "before"))
		dbtest.Exec(t, url, `ALTER TABLE "Message" RENAME TO "Moved"`)
		for range 5 {
			if _, err := save(t, s, draft("r1", "secret words")); !errors.Is(err, message.ErrUnavailable) {
				t.Fatalf("answered %v", err)
			}
		}
		dbtest.Exec(t, url, `ALTER TABLE "Moved" RENAME TO "Message"`)
		eventually(t, func() error { _, err := save(t, s, draft("r1", "after")); return err })
	}
	if log.Count("message store down") != 1 || log.Count("42P01") != 1 || log.Count("message store up") != 1 || log.Count("secret words") != 0 {
		t.Errorf("log:\n%s", &log)
	}
}

func TestAnIdleStoreDoesNotNoticeARestart(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, serialTable) // where a doubt could not be healed
	watch := &counts{}
	s := open(t, Config{URL: url, Observer: watch})
	mustSave(t, s, draft("r1", "before"))
	s.table.(*postgresTable).used = time.Now().Add(-time.Minute)
	dbtest.Exec(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	mustSave(t, s, draft("r1", "after"))
	if len(watch.failed) > 0 {
		t.Errorf("failed %v", watch.failed)
	}
}

func TestASQLiteFileLockedByAnotherIsAnOutageThatEnds(t *testing.T) {
	t.Parallel()
	url := newSQLite(t)
	s := open(t, Config{URL: url, Timeout: 3 * time.Second})
	other := dbtest.SQLite(t, url, "")
	tx, err := other.Begin() // BEGIN IMMEDIATE
	must(t, err)
	if err := <-answerOf(s, draft("r1", "locked out")); !errors.Is(err, message.ErrUnavailable) {
		t.Errorf("answered %v", err)
	}
	must(t, tx.Rollback())
	eventually(t, func() error { _, err := save(t, s, draft("r1", "after")); return err })
	rows, err := s.newest(t.Context(), 5)
	must(t, err)
	if len(rows) != 1 || rows[0].text != "after" {
		t.Errorf("rows %v", rows)
	}
}

func TestWhatWasMissedIsReadWhileNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	url := newSQLite(t)
	s := open(t, Config{URL: url, Timeout: 3 * time.Second})
	stored := mustSave(t, s, draft("r1", "before"))
	tx, err := dbtest.SQLite(t, url, "").Begin() // BEGIN IMMEDIATE
	must(t, err)
	defer tx.Rollback()
	if err := <-answerOf(s, draft("r1", "locked out")); !errors.Is(err, message.ErrUnavailable) || s.outage.Load() == nil {
		t.Fatalf("no outage: answered %v", err)
	}
	if got := textsOf(missed(t, s, stored.Position-1, "r1")); got != "before" {
		t.Errorf("read %q", got)
	}
}

package store

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// checked is a table that refuses the text "bad".
func checked(id string) string {
	return strings.Replace(plain(id), "text TEXT NOT NULL", `text TEXT NOT NULL CHECK (text <> 'bad'), "createdAt" TIMESTAMP(3)`, 1)
}

// history is what happens to a message table in a random order, and what must hold of its positions.
type history struct {
	*testing.T
	random *rand.Rand
	url    string           // as the store has it
	exec   func(sql string) // on a connection of its own, as the next
	column func(sql string) []string
	proxy  *dbtest.Proxy // nil for SQLite
	store  *Store
	kind   string
	time   atomic.Int64 // of the system clock, Unix ms

	committed []committed // in their order, those deleted since too
	deleted   map[string]bool
	planted   map[string]bool // ids of rows that no answer told: true is the app's, false one of ours from a clock that ran far ahead
	floor     uint64          // what new positions must be above
}

type committed struct {
	id, text    string
	position    uint64
	fingerprint uint64
}

func TestPositionsRiseInTheOrderOfCommitsWhateverHappens(t *testing.T) {
	t.Parallel()
	tables := map[string]struct{ id, kind string }{
		"postgres, cuid": {"TEXT", idsCUID}, "postgres, uuid": {"UUID", idsUUID}, "postgres, uuid as text": {"TEXT", idsUUID}, "postgres, serial": {"SERIAL", idsDatabase},
		"sqlite, cuid": {"TEXT COLLATE NOCASE", idsCUID}, "sqlite, uuid": {"TEXT", idsUUID}, "sqlite, autoincrement": {"INTEGER", idsDatabase},
	}
	for name, table := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			h := &history{T: t, random: rand.New(rand.NewPCG(seed, 0)), kind: table.kind, deleted: map[string]bool{}, planted: map[string]bool{}}
			schema := checked(table.id)
			if strings.HasPrefix(name, "postgres") {
				direct := dbtest.Postgres(t, schema)
				h.proxy, h.url = dbtest.NewProxy(t, direct)
				h.exec = func(sql string) { dbtest.Exec(t, direct, sql) }
				h.column = func(sql string) []string { return dbtest.Column(t, direct, sql) }
			} else {
				h.url = "file:" + filepath.Join(t.TempDir(), "test.db")
				db := dbtest.SQLite(t, h.url, strings.Replace(schema, "INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT", 1))
				h.exec = func(sql string) { _, err := db.Exec(sql); must(t, err) }
				h.column = func(sql string) (list []string) {
					rows, err := db.Query(sql)
					must(t, err)
					list, err = readTexts(rows)
					must(t, err)
					return list
				}
			}
			h.time.Store(1_800_000_000_000)
			h.start()
			for range 40 {
				h.happens()
			}
			h.loseReply()
			h.burst(0)
			h.burst(0) // what was in doubt is gone before the next is stored
			h.check()
		})
	}
}

func (h *history) start() {
	s, err := Open(h.Context(), Config{URL: h.url, IDKind: h.kind, Timeout: patience, now: func() time.Time { return time.UnixMilli(h.time.Load()) }})
	must(h, err)
	h.store = s
	h.Cleanup(func() { shut(h, s) })
	if ok, reason := s.Replays(); !ok {
		h.Fatal(reason)
	}
	h.floor = 0
	for _, c := range h.committed {
		// Of deleted rows only the clock knows, if it has not been set back.
		if !h.deleted[c.id] || h.kind == idsDatabase || uint64(h.time.Load()) > c.position/perMilli {
			h.floor = max(h.floor, c.position)
		}
	}
	if head := s.Head(); !h.has(head) && head != uint64(h.time.Load())*perMilli {
		h.Errorf("the head %d is no message's", head)
	}
}

// has tells whether a position is that of the newest message in the table, or 0 where there is none.
func (h *history) has(head uint64) bool {
	var newest uint64
	for _, c := range h.committed {
		if !h.deleted[c.id] {
			newest = max(newest, c.position)
		}
	}
	return head == newest
}

func (h *history) happens() {
	switch h.random.IntN(10) {
	case 0:
		shut(h, h.store)
		h.start()
	case 1:
		h.time.Add(h.random.Int64N(7200_000) - 3600_000)
	case 2:
		h.time.Add(h.random.Int64N(10))
	case 3:
		h.deleteNewest(h.random.IntN(5))
	case 4:
		h.plant()
	case 5:
		h.loseReply()
		h.burst(h.random.IntN(2) * 5)
	default:
		h.burst(5)
	}
}

// loseReply leaves the next commit in doubt.
func (h *history) loseReply() {
	if h.proxy != nil {
		h.store.awakeNow()
		h.proxy.Swallow.Store(true)
	}
}

// burst saves some messages at once. The database refuses one in so many, or none.
func (h *history) burst(refused int) {
	type answer struct {
		committed
		err error
	}
	n := 1 + h.random.IntN(60)
	answers := make(chan answer, n)
	for range n {
		d := draft("r1", fmt.Sprint("text ", h.random.Uint64()))
		if refused > 0 && h.random.IntN(refused) == 0 {
			d.Text = "bad"
		}
		if h.random.IntN(2) == 0 {
			d.Fingerprint = h.random.Uint64()
		}
		h.store.Save(d, func(stored message.Stored, err error) {
			id, quoted := rawjson.Unquote(stored.ID)
			if !quoted {
				id = string(stored.ID)
			}
			answers <- answer{committed{id, d.Text, stored.Position, d.Fingerprint}, err}
		})
	}
	for range n {
		a := <-answers
		switch {
		case errors.Is(a.err, message.ErrUnavailable) && h.kind == idsDatabase && h.proxy != nil: // in doubt
		case (a.err != nil) != (a.text == "bad"):
			h.Errorf("%s: %v", a.text, a.err)
		case a.err == nil && a.position <= h.floor:
			h.Errorf("position %d after %d", a.position, h.floor)
		case a.err == nil:
			h.floor = a.position
			h.committed = append(h.committed, a.committed)
		}
	}
	eventually(h, func() error { return h.store.Ready(h.Context()) })
}

func (h *history) deleteNewest(n int) {
	for _, c := range h.committed[max(len(h.committed)-n, 0):] {
		h.exec(fmt.Sprintf(`DELETE FROM "Message" WHERE id = '%s'`, c.id))
		h.deleted[c.id] = true
	}
}

// plant writes rows as an app does, seeds with dates in the future among them, and one of ours from a clock that ran far ahead.
func (h *history) plant() {
	if h.kind == idsDatabase {
		return
	}
	far := uint64(h.time.Load()+h.random.Int64N(1e9)+(48*time.Hour).Milliseconds()) * perMilli
	ours := h.store.mapping.newID(far, 0)
	ids := []string{ours}
	for range h.random.IntN(20) {
		at := uint64(h.time.Load() + h.random.Int64N(2*7200_000) - 7200_000)
		if h.kind == idsUUID {
			ids = append(ids, foreignIDs["uuid v4"](), foreignIDs["uuid v7"](), uuidOf(at, h.random.Uint64N(uuidCounters), 2<<62|h.random.Uint64()>>2))
			continue
		}
		for _, make := range foreignIDs {
			if id := make(); len(id) > 20 {
				ids = append(ids, id)
			}
		}
		ids = append(ids, string(append(cuidUpTo(at, h.random.Uint64N(9)), randomBase36(12)...)))
	}
	var rows []string
	for _, id := range ids {
		h.planted[id] = id != ours
		rows = append(rows, fmt.Sprintf("('%s', 'app', 'u1', 'r1')", id))
	}
	h.exec(`INSERT INTO "Message" (id, text, "userId", "roomId") VALUES ` + strings.Join(rows, ", "))
}

// check compares the table with what was answered.
func (h *history) check() {
	var want []string
	for _, c := range h.committed {
		if got, ok := h.store.mapping.fingerprintOf(c.id); h.kind != idsDatabase && (ok != (c.fingerprint != 0) || got != truncated(c.fingerprint)) {
			h.Errorf("%s has fingerprint %d of %d", c.id, got, c.fingerprint)
		}
		if !h.deleted[c.id] {
			want = append(want, c.id)
		}
	}
	if h.kind != idsDatabase && !slices.IsSortedFunc(h.committed, func(a, b committed) int { return strings.Compare(a.id, b.id) }) && len(h.deleted) == 0 {
		h.Error("ids do not sort in the order of commits")
	}
	slices.SortFunc(want, func(a, b string) int { // those after a deletion and a clock set back may be before others
		p, _ := h.store.mapping.position(a)
		q, _ := h.store.mapping.position(b)
		return cmp.Compare(p, q)
	})
	taken := 0
	for id, theirs := range h.planted {
		if _, ours := h.store.mapping.position(id); ours && theirs {
			taken++
		}
	}
	if taken > 1 { // one has our mark by chance in 10,000 runs, two in a million as many
		h.Errorf("%d of %d rows of the app are taken for ours", taken, len(h.planted))
	}
	if len(want) < 2 {
		h.Fatalf("only %d rows: this proves nothing", len(want))
	}
	h.reads(want, 0, 1<<63)
	for range 10 {
		i := h.random.IntN(len(want))
		j := i + h.random.IntN(len(want)-i)
		after, _ := h.store.mapping.position(want[i])
		through, _ := h.store.mapping.position(want[j])
		h.reads(want[i+1:j+1], after, through)
	}
}

// reads makes sure that exactly these rows of ours are between two positions, in that order.
func (h *history) reads(want []string, after, through uint64) {
	low, high := h.store.mapping.bounds(after, through)
	var got []string
	for _, id := range h.column(fmt.Sprintf(`SELECT CAST(t.id AS TEXT) FROM "Message" t WHERE t.id > '%s' AND t.id <= '%s' ORDER BY t.id`, low, high)) {
		_, planted := h.planted[id]
		if _, ours := h.store.mapping.position(id); ours && !planted {
			got = append(got, id)
		}
	}
	if !slices.Equal(got, want) {
		h.Errorf("from %d to %d the table has %d rows, want %d", after, through, len(got), len(want))
	}
}

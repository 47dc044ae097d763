//go:build !race

// These are about tables of many rows and what Postgres and SQLite make of them, which says nothing more under the race detector and takes
// ten times as long.

package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// fill adds rows of ours, one a millisecond, in so many rooms by turns, and gives the position of the first.
func fill(t testing.TB, url string, rows, rooms int, began time.Time) (first uint64) {
	t.Helper()
	first = uint64(began.UnixMilli()) * perMilli
	values := func(i int) []any {
		at := began.Add(time.Duration(i) * time.Millisecond).UTC()
		return []any{newCUID(first+uint64(i)*perMilli, noFingerprint), strings.Repeat("0123456789abcdef", 10), "u1", fmt.Sprint("room", i%rooms), at}
	}
	if strings.HasPrefix(url, "file:") {
		fillSQLite(t, url, rows, values)
		return first
	}
	conn, err := pgx.Connect(context.Background(), url)
	must(t, err)
	defer conn.Close(context.Background())
	i := 0
	_, err = conn.CopyFrom(context.Background(), pgx.Identifier{"Message"}, []string{"id", "text", "userId", "roomId", "createdAt"}, pgx.CopyFromFunc(func() ([]any, error) {
		if i++; i > rows {
			return nil, nil
		}
		return values(i - 1), nil
	}))
	must(t, err)
	_, err = conn.Exec(context.Background(), `VACUUM ANALYZE "Message"`)
	must(t, err)
	return first
}

func fillSQLite(t testing.TB, url string, rows int, values func(int) []any) {
	tx, err := dbtest.SQLite(t, url, "").Begin()
	must(t, err)
	insert, err := tx.Prepare(`INSERT INTO "Message" VALUES (?, ?, ?, ?, ?)`)
	must(t, err)
	for i := range rows {
		v := values(i)
		v[4] = v[4].(time.Time).Format("2006-01-02T15:04:05.000+00:00")
		_, err := insert.Exec(v...)
		must(t, err)
	}
	must(t, tx.Commit())
}

// What is asked for is 2,000 rows of 200,000, and by then statistics are old: the newest rows are not in them.
func TestASweepWalksThePrimaryKey(t *testing.T) {
	t.Parallel()
	const rows, behind = 200_000, 2_000
	byRoom := `; CREATE INDEX ON "Message" ("roomId")`
	byTime := `; CREATE INDEX ON "Message" ("roomId", "createdAt")`
	for name, indexes := range map[string]string{"without an index on the room": "", "with one": byRoom, "with one on the time, too": byTime} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.Postgres(t, prismaPostgres+indexes)
			began := time.Now().Add(-time.Hour)
			fill(t, url, rows, 100, began)
			after := fill(t, url, behind, 100, began.Add(rows*time.Millisecond))
			s := open(t, Config{URL: url})
			low, high := s.mapping.bounds(after-1, s.Head())
			for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
				plan := planOf(t, url, mode, missedByID(s.mapping, s.mapping.Room), low, high, "{room1,room2}", s.maxSwept)
				if !strings.Contains(plan, `Index Scan Backward using "Message_pkey"`) || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Sort") {
					t.Errorf("%s:\n%s", mode, plan)
				}
			}
		})
	}
}

func TestAnIndexOnTheRoomAndTheIDIsUsed(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres+`; CREATE INDEX "other" ON "Message" ("roomId"); CREATE INDEX "both" ON "Message" ("roomId", id)`)
	first := fill(t, url, 200_000, 100, time.Now().Add(-time.Hour))
	s := open(t, Config{URL: url})
	if !s.mapping.Room.leads || s.mapping.HelpfulIndexes() != nil {
		t.Errorf("leads %t, %s would help", s.mapping.Room.leads, s.mapping.HelpfulIndexes())
	}
	low, high := s.mapping.bounds(first+1000*perMilli, s.Head())
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		plan := planOf(t, url, mode, missedByPlace(s.mapping, s.mapping.Room), "{"+low+","+low+"}", high, "{room1,room2}", 1000)
		if !strings.Contains(plan, "both") || strings.Contains(plan, "Message_pkey") || strings.Contains(plan, "other") || strings.Contains(plan, "Seq Scan") {
			t.Errorf("%s:\n%s", mode, plan)
		}
	}
	kept, err := s.Missed(t.Context(), []message.Gap{{Room: "room1", After: first}, {Room: "room2", After: first + 199_000*perMilli}}, s.Head(), 2010)
	if err != nil || len(kept) != 2010 || kept[0].Position >= kept[2009].Position || kept[2009].InRoom != "room2" {
		t.Errorf("read %d rows, %v", len(kept), err)
	}
	if _, err := s.Missed(t.Context(), []message.Gap{{Room: "room1", After: first}}, s.Head(), 1999); !errors.Is(err, message.ErrTooMuch) {
		t.Errorf("error %v", err)
	}
}

// planOf gives the plan of a prepared statement.
func planOf(t *testing.T, url, mode, sql string, args ...any) string {
	var values []string
	for _, arg := range args {
		values = append(values, fmt.Sprintf("'%v'", arg))
	}
	types := "text, text, text[], bigint"
	if strings.HasPrefix(values[0], "'{") {
		types = "text[], text, text[], bigint"
	}
	dbtest.Exec(t, url, "ALTER DATABASE "+url[strings.LastIndex(url, "/")+1:]+" SET plan_cache_mode = "+mode)
	return strings.Join(dbtest.Column(t, url, "EXPLAIN EXECUTE q ("+strings.Join(values, ", ")+")", "PREPARE q ("+types+") AS "+sql), "\n")
}

func TestSQLiteWalksThePrimaryKeyWhateverOtherIndexesThereAre(t *testing.T) {
	t.Parallel()
	for _, statistics := range []string{"", "ANALYZE"} {
		url := fileWith(t, prismaSQLite+`; CREATE INDEX i ON "Message" ("roomId"); CREATE INDEX j ON "Message" ("roomId", "createdAt")`)
		fill(t, url, 5_000, 2_500, time.Now().Add(-time.Hour)) // so that an index on the room seems to lead to few rows
		db := dbtest.SQLite(t, url, statistics)
		s := open(t, Config{URL: url})
		rows, err := db.Query("EXPLAIN QUERY PLAN "+s.table.(*sqliteTable).walkSQL(s.mapping.Room), "c", "d", `["room1"]`)
		must(t, err)
		defer rows.Close()
		var plan string
		for rows.Next() {
			var a, b, c int
			var line string
			must(t, rows.Scan(&a, &b, &c, &line))
			plan += line + "\n"
		}
		if !strings.Contains(plan, `SEARCH Message USING INDEX sqlite_autoindex_Message_1 (id>? AND id<?)`) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s: %s", statistics, plan)
		}
	}
}

// Whoever was away for too long learns so, at a bounded cost, and costs others nothing.
func TestAnOldOffsetIsAnHonestNoAndCostsNobodyElse(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		watch := &counts{}
		first := fill(t, url, 20_000, 100, time.Now().Add(-time.Hour))
		s := open(t, Config{URL: url, Observer: watch, maxSwept: 5_000})
		h := holdSweeps(s)
		close(h.release)
		ask := func(room string, ago uint64) (string, error) {
			kept, err := s.Missed(t.Context(), []message.Gap{{Room: room, After: s.Head() - ago*perMilli}}, s.Head(), 1000)
			return fmt.Sprint(len(kept)), err
		}
		if n, err := ask("room7", 5_000); n != "50" || err != nil {
			t.Errorf("the most that is read: %s, %v", n, err)
		}
		if _, err := ask("room7", 5_001); !errors.Is(err, message.ErrTooMuch) {
			t.Errorf("one more: %v", err)
		}
		<-h.began
		<-h.began
		for range 10 {
			if _, err := s.Missed(t.Context(), []message.Gap{{Room: "room7", After: first}}, s.Head(), 1000); !errors.Is(err, message.ErrTooMuch) {
				t.Errorf("from the first on: %v", err)
			}
		}
		if len(h.began) != 0 {
			t.Errorf("the table was read again %d times", len(h.began))
		}
		all := newSwath(s, []*asked{
			{ctx: t.Context(), gaps: []gap{{place{room: "room7"}, first}}, through: s.Head(), limit: 1000},
			{ctx: t.Context(), gaps: []gap{{place{room: "room7"}, s.Head() - 200*perMilli}}, through: s.Head(), limit: 1000},
		})
		clear(s.beyond)
		all.read(t.Context())
		if old, young := all.all[0], all.all[1]; !errors.Is(old.err, message.ErrTooMuch) || old.rows != nil || young.err != nil || len(young.rows) != 2 {
			t.Errorf("read together: %v, %v and %d rows", old.err, young.err, len(young.rows))
		}
		if want := []string{`CREATE INDEX "Message_roomId_id_idx" ON "Message" ("roomId", "id")`, `CREATE INDEX CONCURRENTLY ON "public"."Message" ("roomId", "id")`}; !strings.Contains(strings.Join(want, "\n"), s.mapping.HelpfulIndexes()[0]) {
			t.Errorf("%s would help", s.mapping.HelpfulIndexes())
		}
		shut(t, s)
		if watch.missed["too_far"] != 11 {
			t.Errorf("counted %v", watch.missed)
		}
	})
}

// The app's ids may stand where a sweep ends.
func TestWhereASweepEndsAtARowOfTheAppsNobodyIsToldTooLittle(t *testing.T) {
	t.Parallel()
	const position = (firstMilli+5)*perMilli + 7
	cuid, v7 := newCUID(position, 1), newUUID(position, 1)
	const after = (firstMilli+6)*perMilli - 1
	for _, c := range []struct {
		ids, id string
		want    uint64
	}{
		{idsCUID, cuid, position}, {idsCUID, cuid[:13] + "aaaaaaaaaaaa", after}, {idsCUID, cuid[:20], after}, {idsCUID, "cool_message", math.MaxUint64}, {idsCUID, "x", math.MaxUint64},
		{idsUUID, v7, position}, {idsUUID, v7[:14] + "4" + v7[15:], after}, {idsUUID, "ffffffff" + v7[8:], math.MaxUint64}, {idsUUID, "x", math.MaxUint64},
		{idsDatabase, "41", 41}, {idsDatabase, "-1", math.MaxUint64},
	} {
		m := Mapping{IDs: c.ids, ID: Column{kind: kindInteger}}
		if got := m.about(c.id); got != c.want {
			t.Errorf("%s %s: about %d, want %d", c.ids, c.id, got, c.want)
		}
	}
}

func TestWhatASweepHoldsInMemoryIsBounded(t *testing.T) {
	t.Parallel()
	s := open(t, Config{URL: newSQLite(t)})
	text := strings.Repeat("x", maxSweptBytes/10)
	w := newSwath(s, []*asked{
		{gaps: []gap{{place{room: "r"}, 0}}, through: 1 << 62, limit: 1000},
		{gaps: []gap{{place{room: "r"}, 95 * perMilli * firstMilli / 100}}, through: 1 << 62, limit: 1000},
	})
	taken := 0
	for i := range 20 {
		e := &entry{id: newCUID(uint64(firstMilli+100-i)*perMilli, noFingerprint), text: text, user: "u", room: "r"}
		more, left := w.take(e, span{})
		if !more {
			if left != uint64(firstMilli+100-i)*perMilli {
				t.Errorf("rows are left up to %d", left)
			}
			break
		}
		taken++
	}
	if taken != 9 {
		t.Errorf("%d rows were taken", taken)
	}
}

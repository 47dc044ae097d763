//go:build !race

package store

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

var missedRows = flag.Int("missed.rows", 10_000_000, "rows of the tables of BenchmarkMissed")

// BenchmarkMissed reads what clients missed of a large table: 1,000 messages a second in 1,000 rooms. They come back after 2 min, which
// is 120,000 rows, or after more than is looked at. Without an index on the room, with one, and with one that leads on to the
// id. Run it with -benchtime 3x; making the tables takes minutes. See -missed.rows.
func BenchmarkMissed(b *testing.B) {
	for _, kind := range []string{"postgres", "sqlite"} {
		b.Run(kind, func(b *testing.B) {
			url := "file:" + filepath.Join(b.TempDir(), "test.db")
			if kind == "postgres" {
				url = dbtest.Postgres(b, prismaPostgres)
			} else {
				dbtest.SQLite(b, url, prismaSQLite)
			}
			fill(b, url, *missedRows, 1000, time.Now().Add(-time.Duration(*missedRows)*time.Millisecond))
			for _, index := range []string{"", `"roomId"`, `"roomId", id`} {
				b.Run("index="+strings.ReplaceAll(index, " ", ""), func(b *testing.B) {
					if index != "" {
						makeIndex(b, url, index)
					}
					benchmarkMissed(b, url)
				})
			}
		})
	}
}

func makeIndex(b *testing.B, url, columns string) {
	if strings.HasPrefix(url, "file:") {
		dbtest.SQLite(b, url, `DROP INDEX IF EXISTS i; CREATE INDEX i ON "Message" (`+columns+`)`)
		return
	}
	conn, err := pgx.Connect(context.Background(), url)
	must(b, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), `DROP INDEX IF EXISTS i; CREATE INDEX i ON "Message" (`+columns+`)`)
	must(b, err)
}

func benchmarkMissed(b *testing.B, url string) {
	watch := &counts{}
	s := open(b, Config{URL: url, Observer: watch, Timeout: time.Minute})
	for _, c := range []struct {
		name               string
		askers, rooms, ago int
	}{{"1 client, 1 room", 1, 1, 120_000}, {"1 client, 100 rooms", 1, 100, 120_000}, {"10000 clients, 100 rooms", 10_000, 100, 20_000}, {"1 client, 1 room, a million behind", 1, 1, 1_000_000}} {
		b.Run(c.name, func(b *testing.B) {
			sweeps, read, refused := len(watch.sweeps), watch.read, watch.missed["too_far"]
			for b.Loop() {
				clear(s.beyond)
				askAll(b, s, c.askers, c.rooms, s.Head()-uint64(c.ago)*perMilli)
			}
			b.ReportMetric(float64(len(watch.sweeps)-sweeps)/float64(b.N), "sweeps/op")
			b.ReportMetric(float64(watch.read-read)/float64(b.N), "rows/op")
			b.ReportMetric(float64(watch.missed["too_far"]-refused)/float64(b.N), "refused/op")
		})
	}
}

// askAll has one client ask for all rooms, or many for one each.
func askAll(b *testing.B, s *Store, askers, rooms int, after uint64) {
	var gaps []message.Gap
	for room := range rooms {
		gaps = append(gaps, message.Gap{Room: fmt.Sprint("room", room), After: after})
	}
	var running sync.WaitGroup
	for i := range askers {
		mine := gaps
		if askers > 1 {
			mine = gaps[i%rooms : i%rooms+1]
		}
		running.Go(func() { s.Missed(context.Background(), mine, s.Head(), 100_000) })
	}
	running.Wait()
}

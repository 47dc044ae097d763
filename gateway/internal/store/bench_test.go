package store

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// BenchmarkGroupCommit lets 1,000 senders send, wait for the answer and send again: through the store, and by
// one INSERT a message over a pool of as many connections. It reports messages/s of both and their ratio.
// Run it with -benchtime 1x; each side takes three seconds.
func BenchmarkGroupCommit(b *testing.B) {
	const senders, connections, lasting = 1000, 10, 3 * time.Second
	text := strings.Repeat("0123456789abcdef", 10) // the ciphertext of a short message
	for b.Loop() {
		s := open(b, Config{URL: dbtest.Postgres(b, prismaPostgres), PoolSize: connections})
		grouped := perSecond(b, senders, lasting, func(sender int) error {
			answer := make(chan error, 1)
			s.Save(message.Draft{Room: rooms[sender%len(rooms)], User: "u1", Text: text}, func(_ message.Stored, err error) { answer <- err })
			return <-answer
		})

		config, err := pgxpool.ParseConfig(dbtest.Postgres(b, prismaPostgres))
		must(b, err)
		config.MaxConns = connections
		pool, err := pgxpool.NewWithConfig(b.Context(), config)
		must(b, err)
		single := perSecond(b, senders, lasting, func(sender int) error {
			_, err := pool.Exec(context.Background(), `INSERT INTO "Message" ("id", "text", "userId", "roomId", "createdAt") VALUES ($1, $2, $3, $4, $5)`,
				Mapping{IDs: idsCUID}.newID(uint64(time.Now().UnixMilli())*perMilli, 0), text, "u1", rooms[sender%len(rooms)], time.Now().UTC())
			return err
		})
		pool.Close()

		b.ReportMetric(grouped, "grouped-msgs/s")
		b.ReportMetric(single, "single-msgs/s")
		b.ReportMetric(grouped/single, "ratio")
		b.ReportMetric(0, "ns/op")
	}
}

var rooms = strings.Fields("general random help games music books films food travel news")

// perSecond counts how often all senders together manage to send, after a warm-up.
func perSecond(b *testing.B, senders int, lasting time.Duration, send func(sender int) error) float64 {
	var sent atomic.Int64
	var over atomic.Bool
	var running sync.WaitGroup
	for i := range senders {
		running.Go(func() {
			for !over.Load() {
				if err := send(i); err != nil {
					b.Error(err)
					return
				}
				sent.Add(1)
			}
		})
	}
	<-time.After(lasting / 6)
	before, began := sent.Load(), time.Now()
	<-time.After(lasting)
	rate := float64(sent.Load()-before) / time.Since(began).Seconds()
	over.Store(true)
	running.Wait()
	return rate
}

// BenchmarkRefusedRows commits a full batch in which every fourth row is refused by a foreign key.
func BenchmarkRefusedRows(b *testing.B) {
	s := open(b, Config{URL: dbtest.Postgres(b, relatedTables+`; INSERT INTO "User" VALUES ('u1', ''); INSERT INTO "Room" VALUES ('r1', '')`)})
	for b.Loop() {
		var batch []*entry
		for i := range maxBatchMessages {
			room := "r1"
			if i%4 == 0 {
				room = "nowhere"
			}
			e, err := s.newEntry(message.Draft{Room: room, User: "u1", Text: "hello"}, func(message.Stored, error) {})
			must(b, err)
			e.accepted = time.Now()
			batch = append(batch, e)
		}
		s.stamp(batch, time.Now())
		_, err := s.write(batch, false)
		must(b, err)
	}
}

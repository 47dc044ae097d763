package store

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// batches counts what a store commits.
type batches struct {
	unobserved
	mu             sync.Mutex
	count, message int
}

func (b *batches) Committed(n int, _ time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count++
	b.message += n
}

func (b *batches) read() (int, int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.count, b.message
}

// BenchmarkTurns lets 50 senders a gateway send, wait for the answer and send again, on one table: a store that is alone, and one, two
// and four gateways, with an old snapshot too. It reports batches/s and messages/s of all together. Run it with -benchtime 1x.
func BenchmarkTurns(b *testing.B) {
	const senders, lasting = 50, 3 * time.Second
	text := strings.Repeat("0123456789abcdef", 10)
	for _, c := range []struct {
		gateways int
		node     string
		old      bool
	}{{1, "", false}, {1, "g", false}, {2, "g", false}, {4, "g", false}, {4, "g", true}} {
		b.Run(fmt.Sprintf("%d gateways, node %q, old snapshot %v", c.gateways, c.node, c.old), func(b *testing.B) {
			url := dbtest.Postgres(b, prismaPostgres)
			if c.old {
				held, release, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
				go func() {
					defer close(ended)
					inTransaction(b, url, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM "Message"`, held, release)
				}()
				<-held
				defer func() { close(release); <-ended }()
			}
			var all []*Store
			var watch batches
			for i := range c.gateways {
				config := Config{URL: url, Observer: &watch}
				if c.node != "" {
					config.Node = fmt.Sprint(c.node, i)
				}
				all = append(all, open(b, config))
			}
			for b.Loop() {
				began := time.Now()
				count, _ := watch.read()
				rate := perSecond(b, senders*len(all), lasting, func(sender int) error {
					answer := make(chan error, 1)
					s := all[sender%len(all)]
					s.Save(message.Draft{Room: rooms[sender/len(all)%len(rooms)], User: "u1", Text: text}, func(_ message.Stored, err error) { answer <- err })
					return <-answer
				})
				now, _ := watch.read()
				b.ReportMetric(rate, "msgs/s")
				b.ReportMetric(float64(now-count)/time.Since(began).Seconds(), "batches/s")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

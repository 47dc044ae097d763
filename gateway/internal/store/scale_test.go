package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// BenchmarkHandovers has gateways on one Postgres commit as often as they can, one message each time: how often the lock of their clock changes
// hands, whatever is in a batch.
func BenchmarkHandovers(b *testing.B) {
	const lasting = 2 * time.Second
	for _, gateways := range []int{1, 10, 50} {
		b.Run(fmt.Sprintf("gateways=%d", gateways), func(b *testing.B) {
			for b.Loop() {
				url := dbtest.Postgres(b, prismaPostgres)
				var stores []*Store
				for i := range gateways {
					stores = append(stores, open(b, Config{URL: url, PoolSize: 1, Node: fmt.Sprint("gateway-", i), Timeout: patience}))
				}
				b.ReportMetric(perSecond(b, gateways, lasting, func(sender int) error {
					answer := make(chan error, 1)
					stores[sender].Save(message.Draft{Room: rooms[sender%len(rooms)], User: "u1", Text: "hello"}, func(_ message.Stored, err error) { answer <- err })
					return <-answer
				}), "turns/s")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

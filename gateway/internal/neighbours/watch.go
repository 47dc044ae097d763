package neighbours

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// Times of a look. A gateway that is replaced is seen for a moment as well, which does no harm.
const (
	every     = 10 * time.Second
	oneLook   = 3 * time.Second
	splitSaid = "another gateway is on this database, and each keeps its rooms to itself: people who reach one don't hear those " +
		"who reach the other; run one gateway (unless this one is just replacing it), or give all of them the same REDIS_URL and REDIS_PREFIX"
)

// Watch looks for other gateways until it is closed. Count may be called from any goroutine.
type Watch struct {
	presence presence
	log      *slog.Logger
	count    atomic.Int64
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// presence shows this gateway in one kind of database, and looks for others.
type presence interface {
	// others returns how many are seen. An error means that nobody knows.
	others(ctx context.Context) (int, error)
	close()
}

// Open looks once and goes on looking every 10 s. Table is what the gateways would share: its name with its schema. Cluster is what
// those have in common that are one with this gateway, and so are no neighbours; it is empty where this one is alone. With a
// URL of kind none, or where nobody can be seen, the Watch sees nobody. The caller must Close it, after the message store of the
// same URL: closing a file of SQLite's would take away the locks that this process has on it.
func Open(ctx context.Context, url database.URL, table, cluster string, log *slog.Logger) *Watch {
	w := &Watch{presence: presenceIn(url, table, cluster), log: log}
	life, stop := context.WithCancel(context.Background())
	w.stop = stop
	if w.presence == nil {
		return w
	}
	w.look(ctx)
	w.running.Go(func() { w.run(life) })
	return w
}

func presenceIn(url database.URL, table, cluster string) presence {
	switch url.Kind {
	case database.Postgres:
		return newConnection(url, table, cluster)
	case database.SQLite:
		return openFile(url)
	}
	return nil
}

// Count returns how many other gateways were seen last.
func (w *Watch) Count() int { return int(w.count.Load()) }

// Close ends the looking, and takes this gateway out of the others' sight.
func (w *Watch) Close() {
	w.stop()
	w.running.Wait()
	if w.presence != nil {
		w.presence.close()
	}
}

func (w *Watch) run(life context.Context) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-life.Done():
			return
		case <-ticker.C:
			w.look(life)
		}
	}
}

// look says once that others have come. An outage of the database is told by the store.
func (w *Watch) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, oneLook)
	defer cancel()
	n, err := w.presence.others(ctx)
	if err != nil {
		return
	}
	if before := w.count.Swap(int64(n)); before == 0 && n > 0 {
		w.log.Warn(splitSaid, "others", n)
	}
}

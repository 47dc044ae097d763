package outbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/store"
)

// Options are what is settled when an Outbox is opened.
type Options struct {
	// Window is how long clients may be away: rows are there for that long and some minutes, and those that nobody has taken for longer
	// when the gateway starts are not told any more.
	Window time.Duration
	// MaxPayload is how many bytes the payload of an event may have that is told. Zero means as many as the function lets pass.
	MaxPayload int
	// Alone tells that no other gateway takes rows of this database.
	Alone    bool
	Observer Observer     // may be nil
	Logger   *slog.Logger // nil discards
}

// Observer counts. Its methods are called from several goroutines at once and must return quickly.
type Observer interface {
	// Emits counts those of an outcome: told, old (committed too long before the gateway started) or too_large.
	Emits(outcome string, n int)
	// EmitsUnread counts that rows could not be read or taken.
	EmitsUnread()
}

type unobserved struct{}

func (unobserved) Emits(string, int) {}
func (unobserved) EmitsUnread()      {}

// Emit is a row that has its place.
type Emit struct {
	Position, Previous uint64 // see store.Place
	Room, Event        string
	Payload            json.RawMessage
}

// Places gives emits their places among the messages: [store.Store.Aside].
type Places interface {
	Aside(take func(ctx context.Context, db store.Asker, at store.Place) (last uint64, err error), done func(error))
}

// Outbox reads what the web app emits. Its methods may be called from any goroutine.
type Outbox struct {
	options Options
	watch   Observer
	log     *slog.Logger
	url     database.URL
	pool    *pgxpool.Pool
	newest  uint64
	life    context.Context
	end     context.CancelFunc
	running sync.WaitGroup
}

const (
	openTimeout   = 10 * time.Second
	answerWithin  = 2 * time.Second
	keptBeyond    = 5 * time.Minute // the window, in which a gateway may have been away itself
	lookEvery     = time.Second     // whatever is notified
	pruneEvery    = 30 * time.Second
	prunedAtOnce  = 1000
	suspectFor    = 30 * time.Second // a statement that was given up may still be run
	connectionsOf = 2                // who takes and prunes, and who reads what was missed
)

// Open connects, and makes in the schema socketgate what is missing. An error says what right is. The caller must Close.
func Open(ctx context.Context, url database.URL, o Options) (*Outbox, error) {
	o.MaxPayload = cmp.Or(o.MaxPayload, MaxPayload)
	b := &Outbox{options: o, watch: o.Observer, log: o.Logger, url: url}
	if b.watch == nil {
		b.watch = unobserved{}
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	b.life, b.end = context.WithCancel(context.Background())
	if err := b.open(ctx); err != nil {
		b.Close()
		return nil, fmt.Errorf("SQL_EMIT: %w", err)
	}
	return b, nil
}

func (o *Outbox) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	config, err := o.url.PoolConfig(o.life, connectionsOf)
	if err != nil {
		return err
	}
	if o.pool, err = pgxpool.NewWithConfig(o.life, config); err != nil {
		return fmt.Errorf("open connection pool: %w", err)
	}
	if err := o.prepare(ctx); err != nil {
		return err
	}
	if err := o.dropOld(ctx); err != nil {
		return err
	}
	return o.pool.QueryRow(ctx, "SELECT coalesce(max(position), 0) FROM socketgate.emits").Scan(&o.newest)
}

// dropOld leaves out what was committed when nobody was there to tell it, too long ago.
func (o *Outbox) dropOld(ctx context.Context) error {
	const drop = `DELETE FROM socketgate.emits WHERE position IS NULL AND at < clock_timestamp() - make_interval(secs => $1::float8)`
	tag, err := o.pool.Exec(ctx, drop, o.options.Window.Seconds())
	if err != nil {
		return database.PostgresFault(err)
	}
	if n := int(tag.RowsAffected()); n > 0 {
		o.watch.Emits("old", n)
		o.log.Warn("what the web app has emitted in its transactions while no gateway was there is too old to be told", "emits", n, "older than", o.options.Window)
	}
	return nil
}

// Newest returns the position of the latest emit that a gateway had taken before Open, or 0 if there was none.
func (o *Outbox) Newest() uint64 {
	if o == nil {
		return 0
	}
	return o.newest
}

// Start begins to tell emits: tell is called for each in its turn, and must not block.
func (o *Outbox) Start(places Places, tell func(Emit)) error {
	t := &taker{Outbox: o, places: places, tell: tell, last: o.newest, wake: make(chan struct{}, 1)}
	config, err := o.url.PoolConfig(o.life, 1)
	if err != nil {
		return err
	}
	o.running.Go(func() { t.listen(config.ConnConfig) })
	o.running.Go(t.run)
	return nil
}

// Close ends what Open and Start began. Call it while the store is still open. A nil Outbox may be closed.
func (o *Outbox) Close() {
	if o == nil {
		return
	}
	o.end()
	o.running.Wait()
	if o.pool != nil {
		o.pool.Close()
	}
}

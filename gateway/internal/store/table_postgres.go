package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// postgresTable is a message table in Postgres. One connection commits and belongs to the committer; reads go
// through a pool, so that a rush of joins never makes a commit wait.
type postgresTable struct {
	url     database.URL
	mapping Mapping
	sql     statements
	config  *pgx.ConnConfig    // of the writer
	end     context.CancelFunc // of every connection's life
	writer  *pgx.Conn
	used    time.Time // when the writer last answered
	node    string    // of a gateway among others, or empty: see openClock
	// sequence makes the ids in order, or is empty.
	sequence string
	dropped  sync.WaitGroup
	readers  *pgxpool.Pool

	accessQuery string
	forMany     database.Query // asks accessQuery of many
	asking      chan struct{}  // a place for each access query under way: a rush of joins leaves readers to pings
}

// openPostgres connects and finds the table. Every connection ends with life at the latest.
func openPostgres(ctx, life context.Context, u database.URL, c Config) (table, Mapping, error) {
	life, end := context.WithCancel(life)
	size := cmp.Or(c.PoolSize, min(u.Connections, 10), 10)
	pool, err := u.PoolConfig(life, max(size-1, 1)) // one is the writer
	if err != nil {
		end()
		return nil, Mapping{}, err
	}
	p := &postgresTable{url: u, config: pool.ConnConfig.Copy(), end: end, accessQuery: c.AccessQuery}
	// The name finds what this writer left running: see revive.
	p.config.RuntimeParams["application_name"] = "socketgate-writer-" + strings.ToLower(rand.Text()[:12])
	if err := p.open(ctx, c, pool); err != nil {
		p.close()
		return nil, Mapping{}, database.Unanswered(p.config, err)
	}
	return p, p.mapping, nil
}

func (p *postgresTable) open(ctx context.Context, c Config, pool *pgxpool.Config) error {
	var err error
	if p.writer, err = pgx.ConnectConfig(ctx, p.config); err != nil {
		return fmt.Errorf("connect to database: %w", err)
	}
	if p.mapping, err = p.findTable(ctx, p.url, c); err != nil {
		return err
	}
	if err := p.checkConstants(ctx); err != nil {
		return err
	}
	p.sql = newStatements(p.mapping)
	if err := p.rehearse(ctx); err != nil {
		return fmt.Errorf("try an insert of no rows into %s: %w", p.mapping.name(), err)
	}
	if p.readers, err = pgxpool.NewWithConfig(ctx, pool); err != nil {
		return fmt.Errorf("open connection pool: %w", err)
	}
	p.asking = make(chan struct{}, max(pool.MaxConns-1, 1))
	if err := p.checkAccessQuery(ctx); err != nil {
		return fmt.Errorf("ROOM_ACCESS_QUERY: %w", err)
	}
	return nil
}

func (p *postgresTable) ping(ctx context.Context) error { return p.readers.Ping(ctx) }

// close leaves a frozen server a second to say goodbye.
func (p *postgresTable) close() {
	defer p.end()
	defer time.AfterFunc(time.Second, p.end).Stop()
	p.drop()
	if p.readers != nil {
		p.readers.Close()
	}
	p.dropped.Wait()
}

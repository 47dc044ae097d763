package sessions

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// postgres asks a query of Postgres.
type postgres struct {
	url        database.URL
	query      string
	forMany    database.Query
	parameters int // that the query has; it is asked with the first so many arguments
	pool       *pgxpool.Pool
	end        context.CancelFunc // of every connection's life
}

func openPostgres(ctx context.Context, u database.URL, q question) (driver, error) {
	life, end := context.WithCancel(context.Background())
	config, err := u.PoolConfig(life, q.connections)
	if err != nil {
		end()
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		end()
		return nil, fmt.Errorf("open connection pool: %w", err)
	}
	p := &postgres{url: u, query: q.sql, pool: pool, end: end}
	if err = p.check(ctx, q); err == nil {
		_, err = p.ask(ctx, make([]any, p.parameters)...) // the server checks privileges no sooner
	}
	if err != nil && !database.IsRejected(err) {
		p.close()
		return nil, database.Unanswered(config.ConnConfig, err)
	}
	return p, nil
}

// check lets the server read the query.
func (p *postgres) check(ctx context.Context, q question) error {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to database: %w", err)
	}
	defer conn.Release()
	d, err := conn.Conn().Prepare(ctx, "", p.query)
	if err != nil {
		return err
	}
	p.parameters = len(d.ParamOIDs)
	p.forMany = database.PrepareQuery(ctx, conn.Conn(), p.query, d)
	return q.checkPostgres(d)
}

func (p *postgres) ask(ctx context.Context, args ...any) ([]any, error) {
	return p.url.PostgresRow(ctx, p.pool, p.query, p.fitting(args)...)
}

func (p *postgres) askEach(ctx context.Context, sets [][]any) ([][]any, error) {
	fitting := make([][]any, len(sets))
	for i, args := range sets {
		fitting[i] = p.fitting(args)
	}
	return p.url.PostgresRows(ctx, p.pool, p.forMany, fitting)
}

func (p *postgres) printsWide() bool { return true }

// fitting returns the arguments that the query has a place for. Texts fit any type of a parameter.
func (p *postgres) fitting(args []any) []any {
	texts := make([]any, p.parameters)
	for i := range texts {
		if n, isNumber := args[i].(int64); isNumber {
			texts[i] = strconv.FormatInt(n, 10)
		} else {
			texts[i] = args[i]
		}
	}
	return texts
}

// close ends the life of the connections first, so that no answer is waited for.
func (p *postgres) close() {
	p.end()
	p.pool.Close()
}

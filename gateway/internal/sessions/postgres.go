package sessions

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// postgres asks a query of Postgres.
type postgres struct {
	url   database.URL
	query query
	pool  *pgxpool.Pool
	end   context.CancelFunc // of every connection's life
}

func openPostgres(ctx context.Context, u database.URL, q query) (driver, error) {
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
	p := &postgres{u, q, pool, end}
	if err = p.check(ctx); err == nil {
		_, err = u.PostgresRow(ctx, pool, q.sql, nil) // the server checks privileges no sooner
	}
	if err != nil && !database.IsRejected(err) {
		p.close()
		return nil, database.Unanswered(config.ConnConfig, err)
	}
	return p, nil
}

// check lets the server read the query.
func (p *postgres) check(ctx context.Context) error {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to database: %w", err)
	}
	defer conn.Release()
	d, err := conn.Conn().Prepare(ctx, "", p.query.sql)
	if err != nil {
		return err
	}
	if n := len(d.ParamOIDs); n != 1 {
		return fmt.Errorf("must use $1 (%s) and nothing else; it has %d parameters", p.query.parameter, n)
	}
	return p.query.checkColumns(len(d.Fields))
}

func (p *postgres) ask(ctx context.Context, parameter string) ([]any, error) {
	return p.url.PostgresRow(ctx, p.pool, p.query.sql, parameter)
}

// close ends the life of the connections first, so that no answer is waited for.
func (p *postgres) close() {
	p.end()
	p.pool.Close()
}

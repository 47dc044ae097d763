package database

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// PoolConfig gives the settings of a pool with so many connections to a Postgres URL. Every connection ends with life at the
// latest. Dialling takes no longer than the URL's connect_timeout, or 5 s. The error never holds the password.
func (u URL) PoolConfig(life context.Context, connections int) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(u.dsn)
	if err != nil {
		// Not wrapped: inside, pgx' error keeps its input, with the password of a client key.
		return nil, fmt.Errorf("DATABASE_URL: %v", err)
	}
	if u.password != "" {
		config.ConnConfig.Password = u.password
	}
	config.ConnConfig.ConnectTimeout = cmp.Or(config.ConnConfig.ConnectTimeout, 5*time.Second)
	config.ConnConfig.DialFunc = dialFor(life, config.ConnConfig.ConnectTimeout)
	config.ConnConfig.RuntimeParams["application_name"] = cmp.Or(config.ConnConfig.RuntimeParams["application_name"], "socketgate")
	if u.PgBouncer {
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	} else if u.Schema != "" {
		// For the app's own queries, which name their tables as Prisma's raw queries do. PgBouncer refuses it.
		config.ConnConfig.RuntimeParams["search_path"] = Quote(u.Schema)
	}
	config.MaxConns = int32(connections)
	config.PingTimeout = time.Second
	return config, nil
}

// PostgresTime asks what the server's clock says, over a connection of its own that ends with the call. The caller gives the deadline.
func (u URL) PostgresTime(ctx context.Context) (told time.Time, err error) {
	config, err := u.PoolConfig(ctx, 1)
	if err != nil {
		return told, err
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return told, fmt.Errorf("connect to the database: %w", err)
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&told); err != nil {
		return told, fmt.Errorf("ask the database for its time: %w", err)
	}
	return told, nil
}

// dialFor dials connections that end with life, whatever the server does: pgx would wait up to 15 s for a frozen server to
// say goodbye.
func dialFor(life context.Context, timeout time.Duration) pgconn.DialFunc {
	dialer := &net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(life, cancel)()
		conn, err := dialer.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return mortal{conn, context.AfterFunc(life, func() { conn.Close() })}, nil
	}
}

// mortal is a connection that its life closes, unless it is closed before.
type mortal struct {
	net.Conn
	forget func() bool
}

func (m mortal) Close() error {
	m.forget()
	return m.Conn.Close()
}

// Unanswered adds the server's address to err if it says that a deadline has passed.
func Unanswered(c *pgx.ConnConfig, err error) error {
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("no answer in time from %s: %w", net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))), err)
}

// PostgresRow runs a query of the app's own over a pool of this URL and gives its first row, or nil where it has none. Each argument is a text or
// nil, whatever the types of the query's parameters are. Errors are faults.
func (u URL) PostgresRow(ctx context.Context, pool *pgxpool.Pool, query string, args ...any) ([]any, error) {
	if u.PgBouncer {
		// Without a description from the server only quoted literals take any type.
		args = append([]any{pgx.QueryExecModeSimpleProtocol}, args...)
	}
	rows, err := pool.Query(ctx, query, args...)
	if err != nil {
		return nil, PostgresFault(err)
	}
	row, err := firstRow(rows)
	if err != nil {
		return nil, PostgresFault(err)
	}
	return row, nil
}

// nextRow reads the first row of the next answer, or nil where it has none.
func nextRow(results pgx.BatchResults) (row []any, err error) {
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	return firstRow(rows)
}

func firstRow(rows pgx.Rows) (row []any, err error) {
	defer rows.Close()
	if rows.Next() {
		row, err = rows.Values()
	}
	if rows.Close(); err == nil {
		err = rows.Err()
	}
	return row, err
}

// Quote writes an identifier as SQL takes it literally.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

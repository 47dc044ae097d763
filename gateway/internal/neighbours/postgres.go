package neighbours

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// connection is held in Postgres for its name.
type connection struct {
	url                database.URL
	table, joined, own string // what the names of all gateways of this table begin with, of those that are one with this, and this one's
	conn               *pgx.Conn
}

func newConnection(url database.URL, table, cluster string) *connection {
	prefix, name := "socketgate "+short(table)+" ", rand.Text()[:12] // names may have 63 bytes
	joined := prefix + name
	if cluster != "" {
		joined = prefix + short(cluster) + " "
		name = short(cluster) + " " + name
	}
	return &connection{url: url, table: prefix, joined: joined, own: prefix + name}
}

func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

const countOthers = `SELECT count(DISTINCT application_name) FROM pg_stat_activity
	WHERE datname = current_database() AND starts_with(application_name, $1) AND NOT starts_with(application_name, $2)`

func (c *connection) others(ctx context.Context) (n int, err error) {
	if c.conn == nil {
		if err := c.connect(ctx); err != nil {
			return 0, err
		}
	}
	if err := c.conn.QueryRow(ctx, countOthers, c.table, c.joined).Scan(&n); err != nil {
		c.close()
		return 0, err
	}
	return n, nil
}

func (c *connection) connect(ctx context.Context) error {
	pool, err := c.url.PoolConfig(context.Background(), 1)
	if err != nil {
		return err
	}
	pool.ConnConfig.RuntimeParams["application_name"] = c.own
	pool.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec // no statement is prepared, for PgBouncer's sake
	c.conn, err = pgx.ConnectConfig(ctx, pool.ConnConfig)
	return err
}

func (c *connection) close() {
	if c.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c.conn.Close(ctx)
	c.conn = nil
}

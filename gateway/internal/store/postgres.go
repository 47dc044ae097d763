package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgres is a message table in Postgres. One connection commits and belongs to the committer; reads go
// through a pool, so that a rush of joins never makes a commit wait.
type postgres struct {
	mapping Mapping
	sql     statements
	config  *pgx.ConnConfig    // of the writer
	end     context.CancelFunc // of every connection's life
	writer  *pgx.Conn
	used    time.Time // when the writer last answered
	dropped sync.WaitGroup
	readers *pgxpool.Pool

	access string
	asking chan struct{} // a place for each access query under way: a rush of joins leaves readers to pings
}

// openPostgres connects and finds the table. Every connection ends with life at the latest.
func openPostgres(ctx, life context.Context, t target, c Config) (table, Mapping, error) {
	life, end := context.WithCancel(life)
	pool, err := poolConfig(life, t, c)
	if err != nil {
		end()
		return nil, Mapping{}, err
	}
	p := &postgres{config: pool.ConnConfig.Copy(), end: end, access: c.AccessQuery}
	// The name finds what this writer left running: see revive.
	p.config.RuntimeParams["application_name"] = "socketgate-writer-" + strings.ToLower(rand.Text()[:12])
	if err := p.open(ctx, t, c, pool); err != nil {
		p.close()
		return nil, Mapping{}, unanswered(p.config, err)
	}
	return p, p.mapping, nil
}

// unanswered names the server, if it is why opening took too long.
func unanswered(c *pgx.ConnConfig, err error) error {
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("no answer in time from %s: %w", net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))), err)
}

func (p *postgres) open(ctx context.Context, t target, c Config, pool *pgxpool.Config) error {
	var err error
	if p.writer, err = pgx.ConnectConfig(ctx, p.config); err != nil {
		return fmt.Errorf("connect to database: %w", err)
	}
	if p.mapping, err = p.findTable(ctx, t, c); err != nil {
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

func poolConfig(life context.Context, t target, c Config) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(t.dsn)
	if err != nil {
		// Not wrapped: inside, pgx' error keeps its input, with the password of a client key.
		return nil, fmt.Errorf("DATABASE_URL: %v", err)
	}
	if t.password != "" {
		config.ConnConfig.Password = t.password
	}
	config.ConnConfig.ConnectTimeout = cmp.Or(config.ConnConfig.ConnectTimeout, 5*time.Second)
	config.ConnConfig.DialFunc = dialFor(life, config.ConnConfig.ConnectTimeout)
	config.ConnConfig.RuntimeParams["application_name"] = cmp.Or(config.ConnConfig.RuntimeParams["application_name"], "socketgate")
	if t.pgbouncer {
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	} else if t.schema != "" {
		// For ROOM_ACCESS_QUERY, which names its tables as Prisma's raw queries do. PgBouncer refuses it.
		config.ConnConfig.RuntimeParams["search_path"] = quote(t.schema)
	}
	size := cmp.Or(c.PoolSize, min(t.connections, 10), 10)
	config.MaxConns = int32(max(size-1, 1))
	config.PingTimeout = time.Second
	return config, nil
}

// dialFor dials connections that end with life, whatever the server does: pgx would wait up to 15 s for a
// frozen one to say goodbye.
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

type mortal struct {
	net.Conn
	forget func() bool
}

func (m mortal) Close() error {
	m.forget()
	return m.Conn.Close()
}

// catalog describes every ordinary table of a schema. Types are given without their lengths and domains: a cast
// to varchar(10) would cut a text silently where an assignment refuses it.
const catalog = `
SELECT c.relname, a.attname, format_type(b.oid, -1), format_type(a.atttypid, a.atttypmod), b.typname,
       CASE WHEN b.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN a.atttypmod - 4 ELSE 0 END,
       a.attnotnull OR t.typnotnull,
       a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL,
       a.attgenerated <> '',
       coalesce(i.single, false), coalesce(i.main, false),
       coalesce((SELECT f.relname FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid
         WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey) ORDER BY k.oid LIMIT 1), '')
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
LEFT JOIN LATERAL (
  SELECT bool_or(x.indnkeyatts = 1 AND x.indisunique AND x.indimmediate AND x.indpred IS NULL) AS single,
         bool_or(x.indisprimary) AS main
  FROM pg_index x WHERE x.indrelid = c.oid AND x.indkey[0] = a.attnum AND (x.indisunique OR x.indisprimary)
) i ON true
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
ORDER BY c.relname, a.attnum`

func (p *postgres) findTable(ctx context.Context, t target, c Config) (Mapping, error) {
	schema := t.schema
	if schema == "" {
		if err := p.writer.QueryRow(ctx, "SELECT coalesce(current_schema(), 'public')").Scan(&schema); err != nil {
			return Mapping{}, fmt.Errorf("find the schema: %w", err)
		}
	}
	tables, err := p.describe(ctx, schema)
	// A dot is between schema and table, unless a table's name has it.
	if other, table, dotted := strings.Cut(c.Table, "."); err == nil && dotted && !slices.ContainsFunc(tables, func(t description) bool { return t.name == c.Table }) {
		schema, c.Table = other, table
		tables, err = p.describe(ctx, schema)
	}
	if err != nil {
		return Mapping{}, fmt.Errorf("read the tables of schema %q: %w", schema, err)
	}
	m, err := find(fmt.Sprintf("schema %q", schema), tables, c)
	if errors.Is(err, errNoTable) {
		return Mapping{}, cmp.Or(p.elsewhere(ctx, schema, c.Table), err)
	}
	if err != nil {
		return Mapping{}, err
	}
	m.Database, m.Schema = databasePostgres, schema
	if m.IDs == idsAuto {
		newest, err := p.newestID(ctx, m)
		if err != nil {
			return Mapping{}, fmt.Errorf("read the newest id of %s: %w", m.name(), err)
		}
		m.IDs = likeNewest(newest)
	}
	return m, nil
}

// elsewhere names a message table in another schema. It is nil where there is none, or nobody knows.
func (p *postgres) elsewhere(ctx context.Context, schema, override string) error {
	const query = `
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ($1, 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
  AND lower(replace(c.relname, '_', '')) = ANY ($2)
ORDER BY n.nspname, c.relname LIMIT 1`
	var names []string
	for _, name := range usualNames(override) {
		names = append(names, fold(name))
	}
	var other, table string
	if err := p.writer.QueryRow(ctx, query, schema, names).Scan(&other, &table); err != nil {
		return nil
	}
	return fmt.Errorf("message table: there is none in schema %q, but %q in schema %q: set MESSAGE_TABLE=%[3]s.%[2]s, or let DATABASE_URL end in ?schema=%[3]s",
		schema, table, other)
}

func (p *postgres) describe(ctx context.Context, schema string) ([]description, error) {
	rows, err := p.writer.Query(ctx, catalog, schema)
	if err != nil {
		return nil, err
	}
	var tables []description
	var table, base string
	var c Column
	_, err = pgx.ForEachRow(rows, []any{&table, &c.Name, &c.Type, &c.declared, &base, &c.limit, &c.required, &c.made, &c.generated, &c.unique, &c.primary, &c.refersTo}, func() error {
		c.kind = kindOther
		switch base {
		case "text", "varchar", "bpchar", "citext":
			c.kind = kindText
		case "int2":
			c.kind, c.limit = kindInteger, 16
		case "int4":
			c.kind, c.limit = kindInteger, 32
		case "int8":
			c.kind, c.limit = kindInteger, 64
		case "uuid":
			c.kind = kindUUID
		case "timestamp", "timestamptz":
			c.kind = kindTime
		}
		if n := len(tables); n == 0 || tables[n-1].name != table {
			tables = append(tables, description{name: table})
		}
		last := &tables[len(tables)-1]
		last.columns = append(last.columns, c)
		return nil
	})
	return tables, err
}

// newestID gives the id of the newest row, or "" where there is none.
func (p *postgres) newestID(ctx context.Context, m Mapping) (string, error) {
	var id string
	err := p.writer.QueryRow(ctx, newestFirst(m, m.ID)+" LIMIT 1").Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return id, err
}

// newestFirst selects columns as text, of all rows in that order.
func newestFirst(m Mapping, columns ...Column) string {
	var list []string
	for _, c := range columns {
		list = append(list, fmt.Sprintf("coalesce(%s::text, '')", quote(c.Name)))
	}
	order := m.ID
	if m.CreatedAt != nil {
		order = *m.CreatedAt
	}
	nulls := " NULLS LAST"
	if order.required {
		nulls = "" // an index serves without it
	}
	return fmt.Sprintf("SELECT %s FROM %s ORDER BY %s DESC%s", strings.Join(list, ", "), m.name(), quote(order.Name), nulls)
}

// checkConstants lets the server read each value as its column would: an insert of no rows does not.
func (p *postgres) checkConstants(ctx context.Context) error {
	for _, c := range p.mapping.Constants {
		_, err := p.writer.Exec(ctx, fmt.Sprintf("SELECT $1::text::%s", c.Column.Type), c.Value)
		if err != nil {
			return fmt.Errorf("MESSAGE_CONSTANTS: column %q (%s) and the value %q: %w", c.Column.Name, c.Column.Type, c.Value, p.fault(err))
		}
	}
	return nil
}

// checkAccessQuery lets the server read the query, and run it for nobody and nowhere: it checks privileges no sooner.
func (p *postgres) checkAccessQuery(ctx context.Context) error {
	if p.access == "" {
		return nil
	}
	d, err := p.writer.Prepare(ctx, "", p.access)
	if err != nil {
		return err
	}
	if n := len(d.ParamOIDs); n != 2 {
		return fmt.Errorf("must use $1 (the room) and $2 (the user); it has %d parameters", n)
	}
	if len(d.Fields) == 0 {
		return errors.New("must give a column: a row whose first column is not NULL, false or 0 means yes")
	}
	if _, err := p.ask(ctx, nil, nil); err != nil && !isRejected(err) {
		return err
	}
	return nil
}

func (p *postgres) mayJoin(ctx context.Context, room, user string) (bool, error) {
	return p.ask(ctx, room, user)
}

// ask runs the access query. Room and user are texts or nil.
func (p *postgres) ask(ctx context.Context, room, user any) (bool, error) {
	select {
	case p.asking <- struct{}{}:
		defer func() { <-p.asking }()
	case <-ctx.Done():
		return false, unavailable(ctx.Err(), false)
	}
	args := []any{room, user}
	if p.config.DefaultQueryExecMode == pgx.QueryExecModeExec {
		// Without a description from the server only quoted literals take any type.
		args = append([]any{pgx.QueryExecModeSimpleProtocol}, args...)
	}
	rows, err := p.readers.Query(ctx, p.access, args...)
	if err != nil {
		return false, p.fault(err)
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return false, p.fault(err)
		}
		return false, nil
	}
	values, err := rows.Values()
	if err != nil {
		return false, p.fault(err)
	}
	return saysYes(values[0]), nil
}

func (p *postgres) ping(ctx context.Context) error { return p.readers.Ping(ctx) }

func (p *postgres) recent(ctx context.Context, n int) ([]Row, error) {
	m := p.mapping
	created := m.ID
	if m.CreatedAt != nil {
		created = *m.CreatedAt
	}
	rows, err := p.readers.Query(ctx, newestFirst(m, m.ID, m.Text, m.User, m.Room, created)+" LIMIT $1", n)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Row, error) {
		var r Row
		err := row.Scan(&r.ID, &r.Text, &r.User, &r.Room, &r.CreatedAt)
		if m.CreatedAt == nil {
			r.CreatedAt = ""
		}
		return r, err
	})
}

// close leaves a frozen server a second to say goodbye.
func (p *postgres) close() {
	defer p.end()
	defer time.AfterFunc(time.Second, p.end).Stop()
	p.drop()
	if p.readers != nil {
		p.readers.Close()
	}
	p.dropped.Wait()
}

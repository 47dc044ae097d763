package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// statements are the committer's, for one mapping. Each parameter is a text[] with one element per message,
// cast column by column: the server's own parsing then decides what fits, whatever the column's type.
type statements struct {
	insert, insertAgain, remove string
	stored                      string // which of some ids are there; only for ids of our own
}

func newStatements(m Mapping) statements {
	var names, values, params, args []string
	for i, c := range m.columns() {
		names = append(names, quote(c.Name))
		values = append(values, fmt.Sprintf("v.c%d::%s", i+1, c.Type))
		params = append(params, fmt.Sprintf("$%d::text[]", i+1))
		args = append(args, fmt.Sprintf("c%d", i+1))
	}
	for i, c := range m.Constants {
		names = append(names, quote(c.Column.Name))
		values = append(values, fmt.Sprintf("$%d::text::%s", len(params)+i+1, c.Column.Type))
	}
	// The order makes serial ids follow the order of the messages.
	insert := fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM unnest(%s) WITH ORDINALITY AS v(%s, n) ORDER BY v.n",
		m.name(), strings.Join(names, ", "), strings.Join(values, ", "), strings.Join(params, ", "), strings.Join(args, ", "))
	if m.IDs != idsDatabase {
		return statements{
			insert:      insert,
			insertAgain: insert + fmt.Sprintf(" ON CONFLICT (%s) DO NOTHING", quote(m.ID.Name)),
			stored:      fmt.Sprintf("SELECT %[2]s::text FROM %[1]s WHERE %[2]s = ANY($1::text[]::%[3]s[])", m.name(), quote(m.ID.Name), m.ID.Type),
			remove:      fmt.Sprintf("DELETE FROM %s WHERE %s = ANY($1::text[]::%s[])", m.name(), quote(m.ID.Name), m.ID.Type),
		}
	}
	// Which id is whose could not be told if a trigger left a row out: then the statement fails, by the division,
	// and the sieve finds the row.
	insert = fmt.Sprintf("WITH stored AS (%s RETURNING %s::text AS id) SELECT id FROM stored WHERE (SELECT 1 / (count(*) = cardinality($1::text[]))::int FROM stored) = 1",
		insert, quote(m.ID.Name))
	return statements{insert: insert, insertAgain: insert, remove: removeByContent(m, params, args)}
}

// removeByContent deletes rows that got ids nobody heard. The time is unique within a room; without one two
// equal texts can't be told apart, and nothing is deleted.
func removeByContent(m Mapping, params, args []string) string {
	if m.CreatedAt == nil {
		return ""
	}
	var same []string
	for i, c := range m.columns() {
		same = append(same, fmt.Sprintf("t.%s = v.c%d::%s", quote(c.Name), i+1, c.declared)) // rounded as it was
	}
	return fmt.Sprintf("DELETE FROM %s AS t USING unnest(%s) AS v(%s) WHERE %s",
		m.name(), strings.Join(params, ", "), strings.Join(args, ", "), strings.Join(same, " AND "))
}

// values gives the batch column by column, as the statements take it.
func (p *postgres) values(batch []*entry, constants bool) []any {
	m := p.mapping
	var args []any
	column := func(value func(*entry) string) {
		list := make([]string, len(batch))
		for i, e := range batch {
			list[i] = value(e)
		}
		args = append(args, list)
	}
	if m.IDs != idsDatabase {
		column(func(e *entry) string { return e.id })
	}
	column(func(e *entry) string { return e.text })
	column(func(e *entry) string { return e.user })
	column(func(e *entry) string { return e.room })
	if m.CreatedAt != nil || m.UpdatedAt != nil {
		// A timestamp without zone ignores the offset, one with zone needs it.
		column(func(e *entry) string { return e.stored.CreatedAt.Format("2006-01-02 15:04:05.000+00") })
	}
	if m.CreatedAt != nil && m.UpdatedAt != nil {
		args = append(args, args[len(args)-1])
	}
	if constants {
		for _, c := range m.Constants {
			args = append(args, c.Value)
		}
	}
	return args
}

func (p *postgres) insert(ctx context.Context, batch []*entry, again bool) error {
	if err := p.awake(ctx); err != nil {
		return err
	}
	sql := p.sql.insert
	if again {
		sql = p.sql.insertAgain
	}
	if p.mapping.IDs == idsDatabase {
		return p.insertReturning(ctx, sql, batch)
	}
	tag, err := p.writer.Exec(ctx, sql, p.values(batch, true)...)
	if err != nil {
		return p.fault(err)
	}
	p.used = time.Now()
	if tag.RowsAffected() < int64(len(batch)) {
		return p.findSkipped(ctx, batch)
	}
	return nil
}

// errSkipped is for a row that a trigger or a rule of the database left out without an error.
var errSkipped = &fault{faultRejected, false, errors.New("the database skipped the row")}

// findSkipped gives the messages their error that are not in the table after the insert.
func (p *postgres) findSkipped(ctx context.Context, batch []*entry) error {
	if err := p.find(ctx, batch); err != nil {
		return unavailable(err, true) // the rows may be in, and are looked for again
	}
	for _, e := range batch {
		if !e.there {
			e.refuse(errSkipped)
		}
	}
	return nil
}

func (p *postgres) find(ctx context.Context, batch []*entry) error {
	rows, err := p.writer.Query(ctx, p.sql.stored, p.values(batch, false)[0])
	if err != nil {
		return p.fault(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return p.fault(err)
	}
	for _, e := range batch {
		e.there = slices.Contains(ids, e.id)
	}
	return nil
}

func (p *postgres) insertReturning(ctx context.Context, sql string, batch []*entry) error {
	rows, err := p.writer.Query(ctx, sql, p.values(batch, true)...)
	if err != nil {
		return p.fault(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return p.fault(err)
	}
	if len(ids) == 0 {
		return errSkipped
	}
	if len(ids) != len(batch) {
		p.drop()
		return unavailable(fmt.Errorf("inserted %d rows, got %d ids", len(batch), len(ids)), true)
	}
	for i, id := range ids {
		batch[i].id = id
	}
	p.used = time.Now()
	return nil
}

// awake finds out before a statement is sent that the server has gone while the store was idle: that is not
// a doubt, but would look like one afterwards.
func (p *postgres) awake(ctx context.Context) error {
	if p.writer == nil || p.writer.IsClosed() {
		return unavailable(errors.New("not connected"), false)
	}
	if time.Since(p.used) < time.Second {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := p.writer.Ping(ctx); err != nil {
		return unavailable(fmt.Errorf("ping: %w", err), false)
	}
	return nil
}

// errStillThere ends a revival until the old connection is gone; the next attempt looks again.
var errStillThere = errors.New("an earlier connection is still open on the server")

// revive makes sure of a connection, and ends earlier ones on the server's side too. A statement that a frozen
// server or a slow network holds back could otherwise be committed long after its messages were refused.
func (p *postgres) revive(ctx context.Context) error {
	if p.writer == nil || p.writer.IsClosed() {
		p.drop()
		writer, err := pgx.ConnectConfig(ctx, p.config)
		if err != nil {
			return unavailable(fmt.Errorf("connect: %w", err), false)
		}
		p.writer = writer
	}
	const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()`
	tag, err := p.writer.Exec(ctx, end, p.config.RuntimeParams["application_name"])
	if err != nil {
		return p.fault(err)
	}
	if tag.RowsAffected() > 0 {
		return unavailable(errStillThere, false)
	}
	return p.rehearse(ctx)
}

// rehearse inserts no rows, which checks everything about the statement but the values, and looks for none.
func (p *postgres) rehearse(ctx context.Context) error {
	if _, err := p.writer.Exec(ctx, p.sql.insert, p.values(nil, true)...); err != nil {
		return p.fault(err)
	}
	if p.sql.stored != "" {
		if err := p.find(ctx, nil); err != nil {
			return err
		}
	}
	p.used = time.Now()
	return nil
}

func (p *postgres) remove(ctx context.Context, batch []*entry) error {
	if p.sql.remove == "" {
		return &fault{faultForbidden, false, errors.New("rows with ids from the database and without a time can't be told apart")}
	}
	args := p.values(batch, false)
	if p.mapping.IDs != idsDatabase {
		args = args[:1]
	}
	if _, err := p.writer.Exec(ctx, p.sql.remove, args...); err != nil {
		return p.fault(err)
	}
	return nil
}

// drop gives up the writer without waiting for it.
func (p *postgres) drop() {
	if p.writer == nil {
		return
	}
	old := p.writer
	p.writer = nil
	p.dropped.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		old.Close(ctx)
		<-old.PgConn().CleanupDone()
	})
}

// fault sorts an error. Only the server's plain ERROR says that nothing was committed: a FATAL may come after
// the commit, and so may anything that ends the connection.
func (p *postgres) fault(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return unavailable(err, !pgconn.SafeToRetry(err))
	}
	f := &fault{doubt: e.SeverityUnlocalized != "ERROR", err: fmt.Errorf("%s (SQLSTATE %s)", e.Message, e.Code)}
	class := e.Code[:min(2, len(e.Code))]
	if e.Routine == "exec_stmt_raise" { // by a function of the app's: the code says nothing of the server
		class = "P0"
	}
	switch class {
	case "08", "25", "28", "3D", "40", "53", "55", "57", "58", "F0", "XX":
	case "26": // a prepared statement that a pooler lost: pgx makes it anew
	case "42":
		f.kind = faultForbidden
	default: // a value, a constraint, a limit, or what a trigger raises
		// The message may quote values.
		f.kind, f.err = faultRejected, errors.New(strings.TrimSpace("SQLSTATE "+e.Code+" "+e.ConstraintName))
		if e.ConstraintName == "" && e.ColumnName != "" {
			f.err = fmt.Errorf("%w column %s", f.err, e.ColumnName)
		}
	}
	// So it is after a migration, and pgx makes the statement anew. No message tells it in every language.
	if f.doubt || e.Routine == "RevalidateCachedQuery" {
		f.kind = faultUnavailable
	}
	return f
}

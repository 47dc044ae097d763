package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// statements are the committer's, for one mapping. Each parameter is a text[] with one element per message,
// cast column by column: the server's own parsing then decides what fits, whatever the column's type.
type statements struct {
	insert, insertAgain, remove string
	insertInTurn, moveClock     string // of a gateway among others
	stored                      string // which of some ids are there; alone, only for ids of our own
}

func newStatements(m Mapping) statements {
	var names, values, params, args []string
	for i, c := range m.columns() {
		names = append(names, database.Quote(c.Name))
		values = append(values, fmt.Sprintf("v.c%d::%s", i+1, c.Type))
		params = append(params, fmt.Sprintf("$%d::text[]", i+1))
		args = append(args, fmt.Sprintf("c%d", i+1))
	}
	remove := removeByContent(m, params, args)
	for i, f := range m.Fields {
		names = append(names, database.Quote(f.Column.Name))
		values = append(values, f.Column.orDefault(fmt.Sprintf("v.f%d::%s", i+1, f.Column.Type)))
		params = append(params, fmt.Sprintf("$%d::text[]", len(params)+1))
		args = append(args, fmt.Sprintf("f%d", i+1))
	}
	for i, c := range m.Constants {
		names = append(names, database.Quote(c.Column.Name))
		values = append(values, fmt.Sprintf("$%d::text::%s", len(params)+i+1, c.Column.Type))
	}
	// The order makes serial ids follow the order of the messages.
	insert := fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM unnest(%s) WITH ORDINALITY AS v(%s, n) ORDER BY v.n",
		m.name(), strings.Join(names, ", "), strings.Join(values, ", "), strings.Join(params, ", "), strings.Join(args, ", "))
	if m.IDs != idsDatabase {
		return statements{
			insert:      insert + m.returning(),
			insertAgain: insert + fmt.Sprintf(" ON CONFLICT (%s) DO NOTHING", database.Quote(m.ID.Name)) + m.returning(),
			stored:      m.selectStored(),
			remove:      fmt.Sprintf("DELETE FROM %s WHERE %s = ANY($1::text[]::%s[])", m.name(), database.Quote(m.ID.Name), m.ID.Type),
		}
	}
	// Which id is whose could not be told if a trigger left a row out. Then the statement fails, by the division,
	// and findRefused finds the row.
	insert = fmt.Sprintf("WITH stored AS (%s RETURNING %s) SELECT * FROM stored WHERE (SELECT 1 / (count(*) = cardinality($1::text[]))::int FROM stored) = 1",
		insert, m.printed())
	return statements{insert: insert, insertAgain: insert, remove: remove}
}

// selectStored tells which of some ids are there, and what is read back of their rows.
func (m Mapping) selectStored() string {
	return fmt.Sprintf("SELECT %[4]s FROM %[1]s WHERE %[2]s = ANY($1::text[]::%[3]s[])", m.name(), database.Quote(m.ID.Name), m.ID.Type, m.printed())
}

// removeByContent deletes rows that got ids nobody heard. The time is unique within a room; without one two
// equal texts can't be told apart, and nothing is deleted.
func removeByContent(m Mapping, params, args []string) string {
	if m.CreatedAt == nil {
		return ""
	}
	var same []string
	for i, c := range m.columns() {
		equals := "="
		if len(m.places()) == 2 && (c.Name == m.Room.Name || c.Name == m.Receiver.Name) || c.Name == m.Text.Name && len(m.Fields) > 0 {
			equals = "IS NOT DISTINCT FROM"
		}
		same = append(same, fmt.Sprintf("t.%s %s v.c%d::%s", database.Quote(c.Name), equals, i+1, c.declared)) // rounded as it was
	}
	return fmt.Sprintf("DELETE FROM %s AS t USING unnest(%s) AS v(%s) WHERE %s",
		m.name(), strings.Join(params, ", "), strings.Join(args, ", "), strings.Join(same, " AND "))
}

// values gives the batch column by column, as the statements take it: with others, beside columns() all else that an insert fills.
func (p *postgresTable) values(batch []*entry, others bool) []any {
	m := p.mapping
	var args []any
	if m.IDs != idsDatabase {
		args = append(args, listOf(batch, func(e *entry) string { return e.id }))
	}
	args = append(args, p.contents(batch)...)
	if m.CreatedAt != nil || m.UpdatedAt != nil {
		// A timestamp without zone ignores the offset, one with zone needs it.
		args = append(args, listOf(batch, func(e *entry) string { return e.stored.CreatedAt.Format("2006-01-02 15:04:05.000+00") }))
	}
	if m.CreatedAt != nil && m.UpdatedAt != nil {
		args = append(args, args[len(args)-1])
	}
	if others {
		args = append(args, fieldsOf(batch, len(m.Fields))...)
		for _, c := range m.Constants {
			args = append(args, c.Value)
		}
	}
	return args
}

// contents are the columns of what was said, by whom, and where.
func (p *postgresTable) contents(batch []*entry) []any {
	args := []any{p.textsOf(batch), listOf(batch, func(e *entry) string { return e.user })}
	for _, place := range p.mapping.places() {
		args = append(args, placesOf(batch, place.Name == p.mapping.Receiver.Name))
	}
	return args
}

// textsOf gives the texts, which can't be missing unless there are fields.
func (p *postgresTable) textsOf(batch []*entry) any {
	if len(p.mapping.Fields) == 0 {
		return listOf(batch, func(e *entry) string { return e.text })
	}
	list := make([]*string, len(batch))
	for i, e := range batch {
		if !p.mapping.isNull(e.text) {
			list[i] = &e.text
		}
	}
	return list
}

// fieldsOf gives n lists of what clients said.
func fieldsOf(batch []*entry, n int) (lists []any) {
	for field := range n {
		list := make([]*string, len(batch))
		for i, e := range batch {
			list[i] = e.fields[field]
		}
		lists = append(lists, list)
	}
	return lists
}

func listOf(batch []*entry, value func(*entry) string) []string {
	list := make([]string, len(batch))
	for i, e := range batch {
		list[i] = value(e)
	}
	return list
}

// placesOf gives where the messages go, by one of the two columns: NULL where it is the other.
func placesOf(batch []*entry, receivers bool) []*string {
	list := make([]*string, len(batch))
	for i, e := range batch {
		if receivers == (e.receiver != "") {
			list[i] = &e.room
			if receivers {
				list[i] = &e.receiver
			}
		}
	}
	return list
}

func (p *postgresTable) insert(ctx context.Context, batch []*entry, again bool) error {
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
	inserted, err := p.insertOwn(ctx, sql, batch)
	if err != nil {
		return database.PostgresFault(err)
	}
	p.used = time.Now()
	if inserted < len(batch) {
		return p.findSkipped(ctx, batch)
	}
	return nil
}

// findSkipped gives the messages their error that are not in the table after the insert.
func (p *postgresTable) findSkipped(ctx context.Context, batch []*entry) error {
	if err := p.look(ctx, batch); err != nil {
		return database.Unavailable(err, true) // the rows may be in, and are looked for again
	}
	for _, e := range batch {
		if !e.found {
			e.refuse(errSkipped)
		}
	}
	return nil
}

func (p *postgresTable) look(ctx context.Context, batch []*entry) error {
	rows, err := p.writer.Query(ctx, p.sql.stored, listOf(batch, func(e *entry) string { return e.id }))
	if err != nil {
		return database.PostgresFault(err)
	}
	stored, err := p.readStored(rows)
	if err != nil {
		return database.PostgresFault(err)
	}
	stored.handOut(batch)
	return nil
}

func (p *postgresTable) insertReturning(ctx context.Context, sql string, batch []*entry) error {
	rows, err := p.writer.Query(ctx, sql, p.values(batch, true)...)
	if err != nil {
		return database.PostgresFault(err)
	}
	stored, err := p.readStored(rows)
	if err != nil {
		return database.PostgresFault(err)
	}
	if len(stored) == 0 {
		return errSkipped
	}
	if len(stored) != len(batch) {
		p.drop()
		return database.Unavailable(fmt.Errorf("inserted %d rows, got %d ids", len(batch), len(stored)), true)
	}
	for i, row := range stored {
		batch[i].id, batch[i].stored.Others = row.id, row.others
	}
	p.used = time.Now()
	return nil
}

func (p *postgresTable) remove(ctx context.Context, batch []*entry) error {
	if p.sql.remove == "" {
		return errIndistinct
	}
	args := p.values(batch, false)
	if p.mapping.IDs != idsDatabase {
		args = args[:1]
	}
	if _, err := p.writer.Exec(ctx, p.sql.remove, args...); err != nil {
		return database.PostgresFault(err)
	}
	return nil
}

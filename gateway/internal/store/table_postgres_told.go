package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// printPostgres is how a column of that type is read back: the server makes the JSON of what node-postgres and Prisma
// have a JavaScript type for, and a string of everything else, 64-bit integers and decimals among it. Binary columns,
// and those that only an index reads, are not told.
func printPostgres(base string) (expression string, f form, large bool) {
	element, array := strings.CutPrefix(base, "_")
	switch element {
	case "bytea", "tsvector", "tsquery", "vector":
		return "", formJSON, false
	case "float4", "float8":
		f = formFloat
	case "timestamp", "timestamptz", "date":
		f = formTime
	case "bool", "int2", "int4":
	case "json", "jsonb", "bpchar", "inet":
		return "to_json(%[1]s)::text", formJSON, true
	default:
		if array {
			return "to_json(%[1]s::text[])::text", formJSON, true
		}
		return "to_json(%[1]s::text)::text", formJSON, true
	}
	return "to_json(%[1]s)::text", f, array
}

// unlessLarge is empty for a value that would not be told anyway.
func unlessLarge(expression string) string {
	return fmt.Sprintf("CASE WHEN pg_column_size(%%[1]s) > %d THEN '' ELSE %s END", message.MaxOthers, expression)
}

// printed selects the id, and what is read back of a row.
func (m Mapping) printed() string {
	list := []string{database.Quote(m.ID.Name) + "::text AS id"}
	for i, c := range m.readBack {
		list = append(list, fmt.Sprintf(c.print+" AS o%[2]d", database.Quote(c.Name), i+1))
	}
	return strings.Join(list, ", ")
}

// returning is the end of an insert of ids of our own: nothing, where everything of the row is known.
func (m Mapping) returning() string {
	if len(m.readBack) == 0 {
		return ""
	}
	return " RETURNING " + m.printed()
}

// insertOwn inserts rows with ids of our own, and tells how many there are now.
func (p *postgresTable) insertOwn(ctx context.Context, sql string, batch []*entry) (inserted int, err error) {
	if len(p.mapping.readBack) == 0 {
		tag, err := p.writer.Exec(ctx, sql, p.values(batch, true)...)
		return int(tag.RowsAffected()), err
	}
	rows, err := p.writer.Query(ctx, sql, p.values(batch, true)...)
	if err != nil {
		return 0, err
	}
	stored, err := p.readStored(rows)
	if err != nil {
		return 0, err
	}
	stored.handOut(batch)
	return len(stored), nil
}

// storedRows are what printed selects, in the order of the answer.
type storedRows []struct {
	id     string
	others []message.Field
}

// handOut gives each entry what is stored of it, and tells it whether it is there.
func (stored storedRows) handOut(batch []*entry) {
	at := make(map[string][]message.Field, len(stored))
	for _, row := range stored {
		at[row.id] = row.others
	}
	for _, e := range batch {
		e.stored.Others, e.found = at[e.id]
	}
}

// readStored reads what printed selects, behind other columns.
func (p *postgresTable) readStored(rows pgx.Rows, before ...any) (stored storedRows, err error) {
	columns := p.mapping.readBack
	var id string
	values := make([]*string, len(columns))
	scan := append(before, &id)
	for i := range values {
		scan = append(scan, &values[i])
	}
	_, err = pgx.ForEachRow(rows, scan, func() error {
		stored = append(stored, storedRows{{id, othersByPostgres(columns, values)}}...)
		return nil
	})
	return stored, err
}

// othersByPostgres gives what print selected of some columns as it is told.
func othersByPostgres(columns []Column, values []*string) (others []message.Field) {
	for i, c := range columns {
		if value := c.toldByPostgres(values[i]); value != nil {
			others = append(others, message.Field{Column: c.Name, Value: value})
		}
	}
	return others
}

// toldByPostgres gives what print selected as it is told, or nil where it was too large.
func (c Column) toldByPostgres(printed *string) json.RawMessage {
	switch {
	case printed == nil:
		return json.RawMessage("null")
	case *printed == "":
		return nil
	case c.form == formJSON:
		return json.RawMessage(*printed)
	}
	return c.form.ofEach(json.RawMessage(*printed))
}

// ofEach gives a value, or each of a list, in the form.
func (f form) ofEach(value json.RawMessage) json.RawMessage {
	if value[0] == '[' {
		var list [][]byte
		for one := range rawjson.Elements(value) {
			list = append(list, f.ofEach(one))
		}
		return slices.Concat([]byte{'['}, bytes.Join(list, []byte{','}), []byte{']'})
	}
	text, ok := rawjson.Unquote(value)
	switch {
	case !ok: // a number, or null
		return value
	case f == formFloat, strings.HasSuffix(text, "infinity"): // which JSON can't say
		return json.RawMessage("null")
	}
	return tellTime(text)
}

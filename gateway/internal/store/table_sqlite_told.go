package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// printSQLite is how a column of that declared type is read back: the plus keeps the driver from reading the declaration
// in its own way. Columns of bytes are not told.
func printSQLite(declared string) (expression string, f form) {
	const raw = "+%[1]s"
	has := func(word string) bool { return strings.Contains(declared, word) }
	switch {
	case has("BLOB"):
		return "", formJSON
	case has("BOOL"):
		return raw, formBoolean
	case has("DATE"), has("TIMESTAMP"):
		return raw, formTime
	case has("BIG"), declared == "INT8", has("DEC"), has("NUMERIC"):
		return raw, formDigits
	case has("JSON"):
		return raw, formJSON
	}
	return raw, formPlain
}

// returns says that an insert tells something of the row: not where all of it is known.
func (s *sqliteTable) returns() bool {
	return s.mapping.IDs == idsDatabase || len(s.mapping.readBack) > 0
}

// printed selects what is read back of a row, behind the id.
func (s *sqliteTable) printed() string {
	list := []string{database.Quote(s.mapping.ID.Name)}
	for _, c := range s.mapping.readBack {
		list = append(list, fmt.Sprintf(c.print, database.Quote(c.Name)))
	}
	return strings.Join(list, ", ")
}

// readStored reads what printed selects of one row. The id of e changes where the database makes it.
func (s *sqliteTable) readStored(row *sql.Row, e *entry) error {
	columns := s.mapping.readBack
	var id string
	values := make([]any, len(columns))
	scan := []any{&id}
	for i := range values {
		scan = append(scan, &values[i])
	}
	if err := row.Scan(scan...); err != nil {
		return err
	}
	if s.mapping.IDs == idsDatabase {
		e.id = id
	}
	e.stored.Others = othersBySQLite(columns, values)
	return nil
}

// othersBySQLite gives what print selected of some columns as it is told.
func othersBySQLite(columns []Column, values []any) (others []message.Field) {
	for i, c := range columns {
		if value := c.form.ofSQLite(values[i]); value != nil {
			others = append(others, message.Field{Column: c.Name, Value: value})
		}
	}
	return others
}

// ofSQLite gives a value of any class as it is told, or nil for bytes: SQLite keeps in a column what it is given.
func (f form) ofSQLite(value any) json.RawMessage {
	switch v := value.(type) {
	case nil:
		return json.RawMessage("null")
	case int64:
		return f.ofInteger(v)
	case float64:
		switch digits := strconv.FormatFloat(v, 'f', -1, 64); {
		case math.IsInf(v, 0):
			return json.RawMessage("null")
		case f == formDigits:
			return rawjson.Quote(digits)
		default:
			return json.RawMessage(digits)
		}
	case string:
		switch {
		case f == formTime:
			return tellTime(v)
		case f == formJSON && rawjson.Check([]byte(v)) == nil:
			return json.RawMessage(v)
		}
		return rawjson.Quote(strings.ToValidUTF8(v, "\ufffd"))
	}
	return nil
}

func (f form) ofInteger(v int64) json.RawMessage {
	digits := strconv.FormatInt(v, 10)
	switch {
	case f == formTime && isSeconds(v):
		return isoTime(time.Unix(v, 0))
	case f == formTime: // of Prisma's engine
		return isoTime(time.UnixMilli(v))
	case f == formBoolean && (v == 0 || v == 1):
		return json.RawMessage(strconv.FormatBool(v == 1))
	case f == formDigits, !rawjson.IsExact(v):
		return rawjson.Quote(digits)
	}
	return json.RawMessage(digits)
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// timeForm is how a column of SQLite keeps times, for which it has no type: as the newest row has them, so that the app reads and sorts all rows alike.
type timeForm int

const (
	timeISO     timeForm = iota // ISO 8601, as Prisma's adapters write it
	timeMillis                  // Unix milliseconds, as Prisma's engine does
	timeSeconds                 // Unix seconds, as unixepoch() gives them
	timeZulu                    // ISO 8601 with a Z, as JavaScript's toISOString
	timeSpaced                  // as CURRENT_TIMESTAMP, in UTC, and with milliseconds: it sorts among those without, and two messages of a second keep their order
)

// aTime gives the value of a time, by a column's quoted name, as a text.
const aTime = "typeof(%[1]s) || ' ' || coalesce(CAST(%[1]s AS TEXT), '')"

// timeFormOf reads what aTime gave. False means that it holds no time.
func timeFormOf(kind, value string) (form timeForm, ok bool) {
	switch kind {
	case "integer":
		if n, err := strconv.ParseInt(value, 10, 64); err == nil && isSeconds(n) {
			return timeSeconds, true
		}
		return timeMillis, true
	case "text":
		if _, err := time.Parse(time.DateTime, value); err == nil { // which takes a fraction too
			return timeSpaced, true
		}
		if strings.HasSuffix(value, "Z") {
			return timeZulu, true
		}
		return timeISO, true
	}
	return timeISO, false
}

// isSeconds tells Unix seconds from milliseconds, which were as few in 1973 for the last time.
func isSeconds(unix int64) bool { return 0 < unix && unix < 100_000_000_000 }

// at gives a time as the column keeps it.
func (f timeForm) at(t time.Time) any {
	switch f {
	case timeMillis:
		return t.UnixMilli()
	case timeSeconds:
		return t.Unix()
	case timeSpaced:
		return t.Format(time.DateTime + ".000")
	case timeZulu:
		return t.Format("2006-01-02T15:04:05.000Z")
	}
	return t.Format("2006-01-02T15:04:05.000+00:00")
}

func (f timeForm) print(t time.Time) string { return fmt.Sprint(f.at(t)) }

// rounds tells that it holds no milliseconds.
func (f timeForm) rounds() bool { return f == timeSeconds }

// recogniseTimes makes columns of times of those that have a time's name, another type, and no value but an insert's own: Drizzle keeps times in
// integers and texts, and makes them in the app's code. A row says of each whether it holds times; where there is none yet, seconds can't be told
// from milliseconds.
func (s *sqliteTable) recogniseTimes(ctx context.Context, t description) error {
	for i := range t.columns {
		c := &t.columns[i]
		if c.kind != kindInteger && c.kind != kindText || c.made || c.generated || !c.namesATime() {
			continue
		}
		held, err := s.heldIn(ctx, t, *c)
		if err != nil {
			return err
		}
		if holdsATime(held) {
			c.kind, c.limit, c.form = kindTime, 0, formTime
		}
	}
	return nil
}

// heldIn is what aTime gives of some row that has something in the column, or "" where none has.
func (s *sqliteTable) heldIn(ctx context.Context, t description, c Column) (held string, err error) {
	query := fmt.Sprintf("SELECT "+aTime+" FROM %[2]s WHERE %[1]s IS NOT NULL LIMIT 1", database.Quote(c.Name), database.Quote(t.name))
	if err = s.writer.QueryRowContext(ctx, query).Scan(&held); errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return held, err
}

// holdsATime tells whether what aTime gave can be nothing else: an integer since 1973, or a text in one of the forms.
func holdsATime(held string) bool {
	kind, value, _ := strings.Cut(held, " ")
	if kind == "integer" {
		n, err := strconv.ParseInt(value, 10, 64)
		return err == nil && n > 100_000_000
	}
	_, spaced := time.Parse(time.DateTime, value)
	_, iso := time.Parse(time.RFC3339, value)
	return kind == "text" && (spaced == nil || iso == nil)
}

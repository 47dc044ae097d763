package store

import (
	"fmt"
	"strconv"
	"time"
)

// timeForm is how a column of SQLite keeps times, for which it has no type: as the newest row has them, so that the app reads and sorts all rows alike.
type timeForm int

const (
	timeISO     timeForm = iota // ISO 8601, as Prisma's adapters write it, and JavaScript
	timeMillis                  // Unix milliseconds, as Prisma's engine does
	timeSeconds                 // Unix seconds, as unixepoch() gives them
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
	}
	return t.Format("2006-01-02T15:04:05.000+00:00")
}

func (f timeForm) print(t time.Time) string { return fmt.Sprint(f.at(t)) }

// rounds tells that it holds no milliseconds.
func (f timeForm) rounds() bool { return f == timeSeconds }

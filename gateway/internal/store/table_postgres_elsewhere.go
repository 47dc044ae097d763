package store

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// lockTurn takes the lock of the clock for a statement that comes before the insert. What is committed before it is seen by then, since
// each statement of READ COMMITTED sees what was committed when it began.
var lockTurn = fmt.Sprintf("SELECT pg_advisory_xact_lock(%s)", theLock)

const divisionByZero = "22012"

// countAlike fails where an id behind the first parameter ends like one of the second.
func (m Mapping) countAlike() string {
	id := database.Quote(m.ID.Name)
	return fmt.Sprintf("SELECT 1 / (count(*) = 0)::int FROM %s AS t WHERE t.%s > $1::text::%s AND right(t.%s::text, %d) = ANY ($2::text[])",
		m.name(), id, m.ID.Type, id, m.endBytes())
}

// endBytes is how many letters at the end of an id are its tail, or all but 2 bits of it.
func (m Mapping) endBytes() int {
	if m.IDs == idsUUID {
		return 10
	}
	return 8
}

func (m Mapping) ends(tails []uint64) []string {
	all := make([]string, len(tails))
	for i, tail := range tails {
		id := m.idOf(firstMilli*perMilli, tail)
		all[i] = id[len(id)-m.endBytes():]
	}
	return all
}

// readAlike reads what lockTurn and countAlike have found, if they were sent.
func readAlike(results pgx.BatchResults, t *turn) error {
	if len(t.guarded) == 0 {
		return nil
	}
	if _, err := results.Exec(); err != nil {
		return err
	}
	_, err := results.Exec()
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) && e.Code == divisionByZero {
		return errSaidElsewhere
	}
	return err
}

package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// table is what the store asks of a message table. There is one maker for each kind of database: openPostgres, openSQLite and
// openNone.
//
// The methods of the first group are called one at a time, by the committer or, before there is one, by whoever opens the table. The others
// may be called by anybody at any time, until close.
type table interface {
	// insert commits the whole batch in its order, or nothing of it, but for rows that a rule of the database
	// leaves out, which are refused. With again, entries may be there already and are then left alone. Errors
	// are faults.
	insert(ctx context.Context, batch []*entry, again bool) error
	// findRefused refuses the entries that the database refuses, and stores nothing. Any error means that it
	// could not tell of all of them.
	findRefused(ctx context.Context, batch []*entry, refuses func(error) bool) error
	// revive connects anew, makes sure that nothing sent earlier is still running, and proves that insert
	// would work.
	revive(ctx context.Context) error
	// outlive waits, for a while, until nothing is committed any more that a killed process had sent.
	outlive(ctx context.Context) error
	// look sets found of the entries, whose ids are our own.
	look(ctx context.Context, batch []*entry) error
	// remove deletes whichever of the entries are there.
	remove(ctx context.Context, batch []*entry) error
	// unordered says why ids don't rise in the order of commits, and what would mend it; it is empty where they do.
	unordered(ctx context.Context) (reason string, err error)
	// describe reads the tables of a schema, which only Postgres has, from the catalog.
	describe(ctx context.Context, schema string) ([]description, error)

	// insertAndRollBack inserts the entry with every constraint checked, and rolls it back. Errors are faults.
	insertAndRollBack(ctx context.Context, e *entry) error
	// newest gives the last n rows, the newest first.
	newest(ctx context.Context, n int) ([]row, error)
	// references lists the foreign keys of one column.
	references(ctx context.Context) ([]reference, error)
	// texts runs a query of one text column. What may not be read is empty.
	texts(ctx context.Context, query string, args ...any) ([]string, error)

	// missed reads a span and gives its rows, in any order by an index, otherwise the newest first, until take wants no more. Floor
	// is the id of the first row that it does not look at, because there are more than most, or empty.
	missed(ctx context.Context, sp span, take func(e *entry) (more bool)) (floor string, err error)
	// latest gives the newest rows of each place of a column, most of each at most, the newest of a place first, until take wants no more.
	latest(ctx context.Context, column Column, places []string, most int, take func(e *entry) (more bool)) error
	// leads tells whether an index leads from a column on to the id, so that what a place got since can be found by it.
	leads(ctx context.Context, place Column) (bool, error)
	// begins tells whether an index begins with a column, so that the rows of a place can be found by it.
	begins(ctx context.Context, place Column) (bool, error)
	// ids gives the n greatest ids above low and up to high, in that order of the column.
	ids(ctx context.Context, low, high string, n int) ([]string, error)

	// access gives the access query's first row, or nil; accesses does so for many. Errors are faults.
	access(ctx context.Context, room, user string) ([]any, error)
	accesses(ctx context.Context, seats []message.Seat) ([][]any, error)
	// askers is how many access queries can run at once.
	askers() int
	ping(ctx context.Context) error
	// close ends the connections once nobody uses them.
	close()
}

// openTable finds the message table. Connections that answer slowly end with life.
func openTable(ctx, life context.Context, c Config) (table, Mapping, error) {
	u, err := database.Parse(c.URL)
	if err != nil {
		return nil, Mapping{}, err
	}
	switch u.Kind {
	case database.Postgres:
		return openPostgres(ctx, life, u, c)
	case database.SQLite:
		return openSQLite(ctx, u, c)
	}
	return openNone(c)
}

// row is a message as the database holds it: the text is what Encrypt made of it.
type row struct {
	id, text, user, createdAt string
	room, receiver            string // one of them is empty
}

// span is what is read again of a table: rows that went to some places, by their ids.
type span struct {
	column    Column // of the places
	places    []string
	low, high string // ids are above low and up to high
	// By an index each place is read from its own low on.
	byIndex bool
	lows    []string
	// most is how many rows are looked at, in all or, by an index, for each place, where one more is given.
	most int
}

// reference is a foreign key of one column of the message table.
type reference struct {
	column        string
	schema, table string // that it refers to; only Postgres has a schema
	key           string // the column there
	constraint    string // its name; SQLite has one for all
	user          string // the column there that refers to a user itself, as in a table of memberships; or empty
}

// name is the table that r refers to, as SQL writes it.
func (r reference) name() string {
	if r.schema == "" {
		return database.Quote(r.table)
	}
	return database.Quote(r.schema) + "." + database.Quote(r.table)
}

// some is a query for up to n values of a column of the table that r refers to.
func (r reference) some(column string, n int) string {
	return fmt.Sprintf("SELECT CAST(%[1]s AS TEXT) FROM %[2]s WHERE %[1]s IS NOT NULL LIMIT %[3]d", database.Quote(column), r.name(), n)
}

// has is a query that gives $1 if r may hold it.
func (r reference) has() string {
	return fmt.Sprintf("SELECT CAST($1 AS TEXT) FROM %s WHERE CAST(%s AS TEXT) = $1", r.name(), database.Quote(r.key))
}

// userColumns are how a table of memberships or profiles calls the user, as SQL compares them.
const userColumns = "('userid', 'user', 'accountid', 'uid')"

// What a table answers whatever the database is.
var (
	// errSkipped is for a row that a trigger or a rule of the database left out without an error.
	errSkipped = database.Rejected(errors.New("the database skipped the row"))
	// errIndistinct is for rows that can't be removed because others may look the same.
	errIndistinct = database.Forbidden(errors.New("rows with ids from the database and without a time to the millisecond can't be told apart"))
)

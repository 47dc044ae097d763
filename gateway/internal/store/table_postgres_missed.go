package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// rereadColumns are the columns that a row is read from again, as SQL writes them: id, text, user, places, the time, and others.
func (m Mapping) rereadColumns() (names []string) {
	columns := append([]Column{m.ID, m.Text, m.User}, m.places()...)
	if m.CreatedAt != nil {
		columns = append(columns, *m.CreatedAt)
	}
	for _, c := range append(columns, m.reread...) {
		names = append(names, database.Quote(c.Name))
	}
	return names
}

// reprinted selects what a row is read from again.
func (m Mapping) reprinted() string {
	var list []string
	for _, c := range append([]Column{m.ID, m.Text, m.User}, m.places()...) {
		list = append(list, fmt.Sprintf("coalesce(w.%s::text, '')", database.Quote(c.Name)))
	}
	created := "NULL::text"
	if m.CreatedAt != nil {
		created = fmt.Sprintf("to_json(w.%s)::text", database.Quote(m.CreatedAt.Name))
	}
	list = append(list, created)
	for _, c := range m.reread {
		list = append(list, fmt.Sprintf(c.print, "w."+database.Quote(c.Name)))
	}
	return strings.Join(list, ", ")
}

// missedByID walks the primary key backwards. The limit keeps the planner from an index on the place, which would lead to all that a
// room has ever said; the number of the row tells that the walk ends early, and where. $1 low, $2 high, $3 places, $4 most.
func missedByID(m Mapping, place Column) string {
	const query = `
SELECT %[1]s, w."#" > $4::bigint
FROM (SELECT %[2]s, row_number() OVER (ORDER BY %[3]s DESC) AS "#" FROM %[4]s
      WHERE %[3]s > $1::text::%[5]s AND %[3]s <= $2::text::%[5]s ORDER BY %[3]s DESC LIMIT $4::bigint + 1) AS w
WHERE %[6]s OR w."#" > $4::bigint`
	at := fmt.Sprintf("w.%s::text = ANY ($3::text[])", database.Quote(place.Name))
	if place.orders() { // then every place fits, and the type's own comparison is cheaper
		at = fmt.Sprintf("w.%s = ANY ($3::text[]::%s[])", database.Quote(place.Name), place.Type)
	}
	return fmt.Sprintf(query, m.reprinted(), strings.Join(m.rereadColumns(), ", "), database.Quote(m.ID.Name), m.name(), m.ID.Type, at)
}

// missedByPlace looks for each place by itself. $1 lows, $2 high, $3 places, $4 most.
func missedByPlace(m Mapping, place Column) string {
	const query = `
SELECT %[1]s, false
FROM unnest($3::text[]::%[6]s[], $1::text[]::%[5]s[]) AS g(place, low)
CROSS JOIN LATERAL (SELECT %[2]s FROM %[4]s AS m WHERE m.%[7]s = g.place AND m.%[3]s > g.low AND m.%[3]s <= $2::text::%[5]s
                    ORDER BY m.%[3]s DESC LIMIT $4::bigint + 1) AS w`
	return fmt.Sprintf(query, m.reprinted(), strings.Join(m.rereadColumns(), ", "), database.Quote(m.ID.Name), m.name(), m.ID.Type, place.Type, database.Quote(place.Name))
}

func (p *postgresTable) missed(ctx context.Context, sp span, take func(*entry) bool) (floor string, err error) {
	sql, low := missedByID(p.mapping, sp.column), any(sp.low)
	if sp.byIndex {
		sql, low = missedByPlace(p.mapping, sp.column), sp.lows
	}
	return p.reread(ctx, take, sql, low, sp.high, sp.places, sp.most)
}

// afterID walks the primary key forwards. $1 low, $2 high, $3 most.
func afterID(m Mapping) string {
	const query = `
SELECT %[1]s, false
FROM (SELECT %[2]s FROM %[4]s WHERE %[3]s > $1::text::%[5]s AND %[3]s <= $2::text::%[5]s ORDER BY %[3]s LIMIT $3::bigint) AS w
ORDER BY w.%[3]s`
	return fmt.Sprintf(query, m.reprinted(), strings.Join(m.rereadColumns(), ", "), database.Quote(m.ID.Name), m.name(), m.ID.Type)
}

func (p *postgresTable) after(ctx context.Context, low, high string, most int, take func(*entry) bool) error {
	_, err := p.reread(ctx, take, afterID(p.mapping), low, high, most)
	return err
}

// reread gives the rows of a query to take, until it wants no more. The last column tells of a row that it is beyond what may be
// looked at: floor is its id.
func (p *postgresTable) reread(ctx context.Context, take func(*entry) bool, sql string, args ...any) (floor string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends what take does not want
	tx, err := p.beginReading(ctx)
	if err != nil {
		return "", database.PostgresFault(err)
	}
	defer tx.Rollback(ctx)
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return "", database.PostgresFault(err)
	}
	r := newPostgresReread(p.mapping)
	for rows.Next() {
		if err := rows.Scan(r.scan...); err != nil {
			cancel()
			rows.Close()
			return "", database.PostgresFault(err)
		}
		if r.beyond {
			floor = r.id
			continue
		}
		if !take(r.entry()) {
			if rows.Next() { // behind the last row there is nothing to end, which would cost the connection
				cancel()
			}
			rows.Close()
			return floor, nil
		}
	}
	if err := rows.Err(); err != nil {
		return "", database.PostgresFault(err)
	}
	return floor, nil
}

// beginReading has the server end the statement, too, when ctx has no more time: a cut connection alone would not. Compiling
// would take longer than reading.
func (p *postgresTable) beginReading(ctx context.Context) (pgx.Tx, error) {
	begin := "BEGIN READ ONLY; SET LOCAL jit = off"
	if at, ok := ctx.Deadline(); ok {
		begin += fmt.Sprintf("; SET LOCAL statement_timeout = %d", max(time.Until(at).Milliseconds(), 1))
	}
	return p.readers.BeginTx(ctx, pgx.TxOptions{BeginQuery: begin})
}

// postgresReread is a row that is read again.
type postgresReread struct {
	mapping Mapping

	id, text, user string
	places         row
	created        *string
	others         []*string
	beyond         bool
	scan           []any
}

func newPostgresReread(m Mapping) *postgresReread {
	r := &postgresReread{mapping: m, others: make([]*string, len(m.reread))}
	r.scan = append([]any{&r.id, &r.text, &r.user}, m.placesIn(&r.places)...)
	r.scan = append(r.scan, &r.created)
	for i := range r.others {
		r.scan = append(r.scan, &r.others[i])
	}
	r.scan = append(r.scan, &r.beyond)
	return r
}

func (r *postgresReread) entry() *entry {
	e := &entry{id: r.id, text: r.text, user: r.user, room: r.places.room, receiver: r.places.receiver}
	if r.created != nil {
		e.stored.CreatedAt = readTime(r.mapping.CreatedAt.toldByPostgres(r.created))
	}
	e.stored.Others = othersByPostgres(r.mapping.reread, r.others)
	return e
}

// An index that is not valid, not of all rows, or not in the column's own collation does not serve.
const postgresLeads = `
SELECT EXISTS (SELECT 1 FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am m ON m.oid = i.relam AND m.amname = 'btree'
  JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0] AND a.attname = $2::text AND a.attcollation = x.indcollation[0]
  JOIN pg_attribute b ON b.attrelid = x.indrelid AND b.attnum = x.indkey[1] AND b.attname = $3::text AND b.attcollation = x.indcollation[1]
  WHERE x.indrelid = $1::text::regclass AND x.indisvalid AND x.indpred IS NULL AND x.indnkeyatts >= 2)`

func (p *postgresTable) leads(ctx context.Context, place Column) (leads bool, err error) {
	err = p.readers.QueryRow(ctx, postgresLeads, p.mapping.name(), place.Name, p.mapping.ID.Name).Scan(&leads)
	return leads, err
}

func (p *postgresTable) ids(ctx context.Context, low, high string, n int) ([]string, error) {
	m := p.mapping
	query := fmt.Sprintf("SELECT t.%[1]s::text FROM %[2]s AS t WHERE t.%[1]s > $1::text::%[3]s AND t.%[1]s <= $2::text::%[3]s ORDER BY t.%[1]s DESC LIMIT $3::bigint",
		database.Quote(m.ID.Name), m.name(), m.ID.Type)
	rows, err := p.readers.Query(ctx, query, low, high, n)
	if err != nil {
		return nil, database.PostgresFault(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, database.PostgresFault(err)
	}
	return list, nil
}

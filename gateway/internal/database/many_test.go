package database_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
)

const members = `CREATE TABLE member (room UUID, person INT, role TEXT, "odd $1" TEXT);
	INSERT INTO member SELECT md5('r' || n % 7)::uuid, n, CASE WHEN n % 3 = 0 THEN 'admin' END, 'x' FROM generate_series(1, 60) n;
	CREATE DOMAIN person_id AS INT`

// Queries of apps, and whether one statement can ask them of many.
var manyQueries = map[string]bool{
	`SELECT true FROM member WHERE room = $1 AND person = $2`:                                                                        true,
	`SELECT role, person, person FROM member WHERE room = $1 AND person <= $2 ORDER BY person DESC`:                                  true,
	`SELECT EXISTS (SELECT FROM member WHERE room = $1 AND person = $2); -- $1, "$2`:                                                 true,
	`WITH m AS (SELECT * FROM member WHERE room = $1) SELECT count(*) FROM m WHERE person > $2 HAVING count(*) > 2;`:                 true,
	`SELECT E'a\'$1' || '$2''$1' || $$ $1 $$ || $x$ $$ $2 $x$ || "odd $1" FROM member /* $1 /* */ $2 */ WHERE room=$1 AND person=$2`: true,
	`SELECT 1, 1 WHERE $1::uuid IS NOT NULL AND $2::text ~ '^[0-9]*5$'`:                                                              true,
	`SELECT p1, nth FROM (SELECT room AS p1, person AS nth FROM member) socketgate WHERE p1 = $1 AND nth = $2`:                       true,
	`SELECT true FROM member WHERE room = $1 AND person = $2::person_id`:                                                             false,
	`UPDATE member SET role = 'seen' WHERE room = $1 AND person = $2 RETURNING true`:                                                 false,
}

func TestOneStatementAnswersManyAsOneByOneDo(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, members)
	for _, address := range []string{url, dbtest.PgBouncer(t, url)} {
		u, pool := openPool(t, address)
		rooms := column(t, pool, `SELECT md5('r' || n)::text FROM generate_series(0, 9) n`)
		var sets [][]any
		for _, room := range append(rooms, nil) {
			for _, person := range []any{"1", "5", "42", "42", nil} {
				sets = append(sets, []any{room, person})
			}
		}
		for query, atOnce := range manyQueries {
			many, isOne := prepare(t, pool, query)
			if isOne != atOnce {
				t.Errorf("%s: asked in one statement: %t", query, isOne)
			}
			got, err := u.PostgresRows(t.Context(), pool, many, sets)
			if err != nil {
				t.Fatalf("%s: %v", query, err)
			}
			for i, set := range sets {
				if want, err := u.PostgresRow(t.Context(), pool, query, set...); err != nil || !reflect.DeepEqual(got[i], want) && !u.PgBouncer {
					t.Errorf("%s with %v: %v, alone %v, %v", query, set, got[i], want, err)
				} else if database.Judge(got[i]) != database.Judge(want) {
					t.Errorf("%s with %v: %v, alone %v", query, set, got[i], want)
				}
			}
		}
	}
}

func TestOneThatTheQueryCannotTakeIsARejectionForAll(t *testing.T) {
	t.Parallel()
	u, pool := openPool(t, dbtest.Postgres(t, members))
	query, _ := prepare(t, pool, `SELECT true FROM member WHERE room = $1 AND person = $2`)
	_, err := u.PostgresRows(t.Context(), pool, query, [][]any{{"00000000-0000-0000-0000-000000000000", "1"}, {"lobby", "1"}})
	if !database.IsRejected(err) {
		t.Error(err)
	}
}

func openPool(t *testing.T, address string) (database.URL, *pgxpool.Pool) {
	t.Helper()
	u, err := database.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	config, err := u.PoolConfig(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return u, pool
}

// prepare tells, too, whether one statement asks of many.
func prepare(t *testing.T, pool *pgxpool.Pool, query string) (database.Query, bool) {
	t.Helper()
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	described, err := conn.Conn().Prepare(context.Background(), "", query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	q := database.PrepareQuery(t.Context(), conn.Conn(), query, described)
	return q, q != database.Query{One: query}
}

func column(t *testing.T, pool *pgxpool.Pool, query string) (texts []any) {
	t.Helper()
	rows, err := pool.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		values, _ := rows.Values()
		texts = append(texts, values[0])
	}
	return texts
}

package saved

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
)

// Both claims have seen the session as it was before either took it; a lock on the row holds them up until then.
func TestAClaimThatWasOvertakenGetsNothing(t *testing.T) {
	t.Parallel()
	for name, overtakes := range map[string]string{
		"by two others": `UPDATE socketgate.sessions SET generation = generation + 2`, // the first owner has it again
		"by nobody":     `SELECT`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.Postgres(t, "")
			first, ann := start(t, url, Options{}), connect("ann", "u1", "a")
			first.save(ann)
			conn, err := pgx.Connect(t.Context(), url)
			must(t, err)
			defer conn.Close(t.Context())
			tx, err := conn.Begin(t.Context())
			must(t, err)
			_, err = tx.Exec(t.Context(), `SELECT FROM socketgate.sessions FOR UPDATE`)
			must(t, err)
			all := []*claim{newClaim("/", "ann"), newClaim("/", "ann")}
			for _, c := range all {
				must(t, start(t, url, Options{}).claims.add(c))
			}
			eventually(t, "both wait for the row", func() bool {
				waiting := dbtest.Column(t, url, `SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
				return len(waiting) == len(all)
			})
			_, err = tx.Exec(t.Context(), overtakes)
			must(t, err)
			must(t, tx.Commit(t.Context()))
			winners, want := 0, map[string]int{"by nobody": 1}[name]
			for _, c := range all {
				if a := <-c.answer; a.err != nil {
					t.Error(a.err)
				} else if a.row != nil {
					winners++
				}
			}
			if winners != want {
				t.Errorf("%d have got it, want %d", winners, want)
			}
		})
	}
}

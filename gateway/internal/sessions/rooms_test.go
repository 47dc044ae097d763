package sessions

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
)

const participants = `CREATE TABLE participant (chat INTEGER, "user" INTEGER);
	INSERT INTO participant VALUES (1, 7), (2, 7), (NULL, 7), (2, 8)`

func openRooms(t *testing.T, url, query string) *Rooms {
	t.Helper()
	r, err := OpenRooms(t.Context(), url, query, patience, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(r.Close)
	return r
}

func TestEveryRowIsARoomOfTheUser(t *testing.T) {
	t.Parallel()
	for name, url := range databases(t, participants) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, query := range []string{
				`SELECT chat FROM participant WHERE "user" = $1 ORDER BY chat`,
				`SELECT chat FROM participant WHERE "user" = $1 ORDER BY chat; `,
				`SELECT chat FROM participant WHERE "user" = $1 ORDER BY chat -- $1, all of them`,
				`WITH own AS (SELECT chat FROM participant WHERE "user" = $1) SELECT chat FROM own ORDER BY chat`,
			} {
				got, err := openRooms(t, url, query).Of(t.Context(), []string{"7", "9", "8", "7"})
				if want := [][]string{{"1", "2"}, nil, {"2"}, {"1", "2"}}; err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%s: %q, %v", query, got, err)
				}
			}
		})
	}
}

func TestAUserWhomTheColumnCannotHoldIsInNoRoomAndSpoilsNobodys(t *testing.T) {
	t.Parallel()
	url := databases(t, participants)["postgres"]
	got, err := openRooms(t, url, `SELECT chat FROM participant WHERE "user" = $1`).Of(t.Context(), []string{"8", "ann\x00", "no number"})
	if want := [][]string{{"2"}, nil, nil}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestRoomsOfAUserAreBoundedInNumberAndLength(t *testing.T) {
	t.Parallel()
	for name, url := range databases(t, participants) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			many := `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
				SELECT n FROM n WHERE '7' = $1 UNION ALL SELECT NULL`
			got, err := openRooms(t, url, many).Of(t.Context(), []string{"7"})
			if err != nil || len(got[0]) != mostRoomsOfUser {
				t.Errorf("%d rooms, %v", len(got[0]), err)
			}
			got, err = openRooms(t, url, fmt.Sprintf(`SELECT '%s' WHERE '7' = $1 UNION ALL SELECT ''`, strings.Repeat("r", longestRoom+1))).Of(t.Context(), []string{"7"})
			if err != nil || len(got[0]) != 0 {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestAQueryOfRoomsThatCannotBeAskedStopsTheStart(t *testing.T) {
	t.Parallel()
	for name, url := range databases(t, participants) {
		for _, query := range []string{"SELECT chat FROM participant", `SELECT nothing FROM participant WHERE "user" = $1`, "nonsense $1"} {
			if r, err := OpenRooms(t.Context(), url, query, patience, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "USER_ROOMS_QUERY: ") {
				r.Close()
				t.Errorf("%s: %s: %v", name, query, err)
			}
		}
	}
}

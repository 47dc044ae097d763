package store

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

const anybody = `%s WHERE $1 <> '' AND $2 <> ''`

func TestOnlyAClearYesIsYes(t *testing.T) {
	t.Parallel()
	lite := newSQLite(t)
	dbtest.SQLite(t, lite, prismaSQLite)
	for url, answers := range map[string]map[string]bool{
		dbtest.Postgres(t, prismaPostgres): {
			"true": true, "1": true, "-1": true, "2::bigint": true, "1::smallint": true, "0.5": true, "1e-300::float8": true, "1::real": true, "1e-200::numeric": true,
			"'t'": true, "'TRUE'": true, "'1'": true, "'yes'::varchar": true, "'y'": true, "'on'": true, "'Y '::char(3)": true, "'true'::name": true,
			"false": false, "NULL::boolean": false, "NULL": false, "0": false, "0::bigint": false, "0::smallint": false, "0::numeric": false, "0.0": false,
			"0.00::numeric(9,2)": false, "0::float8": false, "'-0'::float8": false, "'NaN'::float8": false, "'NaN'::numeric": false, "0::real": false,
			"''": false, "' '": false, "'f'": false, "'false'": false, "'FALSE'": false, "'0'": false, "'0.0'": false, "'no'": false, "'No'": false, "'n'": false, "'off'": false,
			"'banned'": false, "'pending'": false, "'none'": false, "'null'": false, "'admin'": false, "'ann'": false, "'2'": false,
		},
		lite: {
			"true": true, "1": true, "-1": true, "0.5": true, "'t'": true, "'yes'": true, "'1'": true,
			"false": false, "NULL": false, "0": false, "0.0": false, "-0.0": false, "''": false, "'no'": false, "'0'": false, "'banned'": false, "'ann'": false, "x'31'": false, "x''": false,
		},
	} {
		for answer, want := range answers {
			s := open(t, Config{URL: url, AccessQuery: fmt.Sprintf(anybody, "SELECT "+answer)})
			one, err := s.MayJoin(t.Context(), "r", "ann")
			many, errs := s.MayStay(t.Context(), []message.Seat{{Room: "r", User: "ann"}, {Room: "", User: ""}})
			if err != nil || errs != nil || one != want || !slices.Equal(many, []bool{want, false}) {
				t.Errorf("%.6s: SELECT %s: %t, %v and %v, %v, want %t", url, answer, one, err, many, errs, want)
			}
		}
	}
}

func TestAnAnswerThatCannotBeJudgedStopsTheStart(t *testing.T) {
	t.Parallel()
	lite := newSQLite(t)
	dbtest.SQLite(t, lite, `CREATE TABLE member (since DATETIME, picture BLOB)`)
	for url, answers := range map[string][]string{
		dbtest.Postgres(t, prismaPostgres+"; CREATE TYPE role AS ENUM ('admin', 'banned')"): {"SELECT now()", "SELECT 'admin'::role", "SELECT '{1}'::int[]", "SELECT 'false'::jsonb",
			"SELECT 'c0ffee11-0000-4000-8000-0000000000ff'::uuid", "SELECT '0'::bytea", "SELECT '0 s'::interval", "SELECT"},
		lite: {"SELECT since FROM member", "SELECT picture FROM member"},
	} {
		for _, answer := range answers {
			if s, err := Open(t.Context(), Config{URL: url, AccessQuery: fmt.Sprintf(anybody, answer)}); err == nil {
				shut(t, s)
				t.Errorf("%s: opened", answer)
			} else if !strings.Contains(err.Error(), "ROOM_ACCESS_QUERY: ") || !strings.Contains(err.Error(), "yes") {
				t.Errorf("%s: %v", answer, err)
			}
		}
	}
}

func TestAnUnclearAnswerIsSaidOnceWithoutWhatItHolds(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := open(t, Config{URL: dbtest.Postgres(t, prismaPostgres), AccessQuery: `SELECT $1 || $2`, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for range 3 {
		if ok, err := s.MayJoin(t.Context(), "secret-room", "ann"); ok || err != nil {
			t.Error(ok, err)
		}
	}
	if n := strings.Count(log.String(), "ROOM_ACCESS_QUERY"); n != 1 || strings.Contains(log.String(), "secret-room") {
		t.Errorf("%d lines: %s", n, log.String())
	}
}

func TestManySeatsAreAskedAtOnceEachByItsOwnRight(t *testing.T) {
	t.Parallel()
	pg := dbtest.Postgres(t, prismaPostgres+"; "+members)
	lite := newSQLite(t)
	dbtest.SQLite(t, lite, members)
	for name, url := range map[string]string{"postgres": pg, "pgbouncer": pg + "?pgbouncer=true", "sqlite": lite} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, Config{URL: url, AccessQuery: `SELECT NOT banned FROM "Member" WHERE "roomId" = $1 AND "userId" = $2`})
			seats := []message.Seat{{Room: "1", User: "ann"}, {Room: "1", User: "bob"}, {Room: "2", User: "ann"}, {Room: "3", User: "ann"}}
			want := []bool{true, false, false, false}
			for range 300 {
				seats, want = append(seats, message.Seat{Room: "1", User: "ann"}), append(want, true)
			}
			if got, err := s.MayStay(t.Context(), seats); err != nil || !slices.Equal(got, want) {
				t.Errorf("%v, %v", got, err)
			}
			// A room that the column can't hold is nobody's, and costs the others nothing.
			seats[1].Room = "no number"
			if got, err := s.MayStay(t.Context(), seats[:3]); err != nil || !slices.Equal(got, want[:3]) {
				t.Errorf("beside a room that is none: %v, %v", got, err)
			}
		})
	}
}

func TestWhileTheQueryFailsNobodyIsSaidToHaveLostARight(t *testing.T) {
	t.Parallel()
	pg := dbtest.Postgres(t, prismaPostgres+"; "+members)
	s := open(t, Config{URL: pg, AccessQuery: `SELECT NOT banned FROM "Member" WHERE "roomId" = $1 AND "userId" = $2`})
	dbtest.Exec(t, pg, `ALTER TABLE "Member" RENAME TO gone`)
	if got, err := s.MayStay(t.Context(), []message.Seat{{Room: "1", User: "ann"}}); !errors.Is(err, message.ErrUnavailable) {
		t.Errorf("it said %v, %v", got, err)
	}
}

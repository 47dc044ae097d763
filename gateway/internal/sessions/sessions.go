package sessions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/pkg/rawjson"
	"github.com/socketgate/socketgate/pkg/token"
)

// Sessions looks up sessions. Its methods may be called from any goroutine.
type Sessions struct {
	timeout time.Duration
	driver  driver
}

// Open connects to the database of that URL, which is DATABASE_URL, and checks the query: SQL with $1 for the token of a
// session, whose row is the user's id, the name (may be missing or NULL) and when the session ends (the same). Timeout bounds
// each look-up, ctx the opening only, which takes no longer than a minute. The caller must Close.
func Open(ctx context.Context, url, query string, timeout time.Duration) (*Sessions, error) {
	q := oneParameter("SESSION_QUERY", query, "the session's token", 3, "the user's id, the name and when the session ends")
	d, err := openDriver(ctx, url, q)
	if err != nil {
		return nil, err
	}
	return &Sessions{timeout, d}, nil
}

// Close ends the connections, and with them what is under way.
func (s *Sessions) Close() { s.driver.close() }

// Claims returns whose session it is. The error is token.ErrNoSession, or token.ErrUnavailable and why. A token that the
// query's types can't hold is nobody's.
func (s *Sessions) Claims(ctx context.Context, session string) (token.Claims, error) {
	if strings.ContainsRune(session, 0) { // Postgres takes it for a broken connection
		return token.Claims{}, token.ErrNoSession
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	row, err := s.driver.ask(ctx, session)
	switch {
	case database.IsRejected(err):
		return token.Claims{}, token.ErrNoSession
	case err != nil:
		return token.Claims{}, fmt.Errorf("%w: %w", token.ErrUnavailable, err)
	case row == nil, row[0] == nil: // the session of a visitor who has not logged in has no user
		return token.Claims{}, token.ErrNoSession
	}
	claims, err := claimsOf(row)
	if err != nil {
		return token.Claims{}, fmt.Errorf("%w: %w", token.ErrUnavailable, err)
	}
	switch row[0].(type) {
	case int64, pgtype.Numeric:
		if s.driver.printsWide() {
			claims.UserIDJSON = rawjson.Quote(claims.UserID)
		}
	}
	claims.Session = session
	return claims, nil
}

// Ended tells which logins, all of them by sessions, have no session any more, or one that has ended or is another user's. All
// are asked at once. An error is token.ErrUnavailable and why: then nobody knows.
func (s *Sessions) Ended(ctx context.Context, logins []token.Login) ([]bool, error) {
	sets := make([][]any, len(logins))
	for i, login := range logins {
		sets[i] = []any{login.Session}
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	rows, err := askEach(ctx, s.driver, sets)
	if err != nil {
		return nil, fmt.Errorf("%w: SESSION_QUERY: %w", token.ErrUnavailable, err)
	}
	ended := make([]bool, len(logins))
	for i, row := range rows {
		ended[i] = !isStill(row, logins[i], time.Now())
	}
	return ended, nil
}

// isStill tells whether a session's row is a good session of the one who logged in. A row that can't be read ends nothing.
func isStill(row []any, login token.Login, now time.Time) bool {
	if len(row) == 0 || row[0] == nil {
		return false
	}
	claims, err := claimsOf(row)
	return err != nil || claims.UserID == login.UserID && (claims.Expires.IsZero() || now.Before(claims.Expires))
}

// askEach asks for all sets of arguments at once. Where one of them is to blame for an error, each is asked by itself, and the
// database has no row for what it rejects.
func askEach(ctx context.Context, d driver, sets [][]any) ([][]any, error) {
	rows, err := d.askEach(ctx, sets)
	if !database.IsRejected(err) {
		return rows, err
	}
	rows = slices.Grow([][]any(nil), len(sets))
	for _, args := range sets {
		row, err := d.ask(ctx, args...)
		if err != nil && !database.IsRejected(err) {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

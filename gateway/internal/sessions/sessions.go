package sessions

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/pkg/token"
)

const (
	connections = 4
	openTimeout = time.Minute
)

// Sessions looks up sessions. Its methods may be called from any goroutine.
type Sessions struct {
	timeout time.Duration
	driver  driver
}

// driver asks the query of one kind of database.
type driver interface {
	// ask gives the row of a session, or nil where there is none. Errors are faults.
	ask(ctx context.Context, session string) ([]any, error)
	// close ends the connections, and with them what is under way.
	close()
}

// Open connects to the database of that URL, which is DATABASE_URL, and checks the query: SQL with $1 for the token of a
// session, whose row is the user's id, the name (may be missing or NULL) and when the session ends (the same). Timeout bounds
// each look-up, ctx the opening only, which takes no longer than a minute. The caller must Close.
func Open(ctx context.Context, url, query string, timeout time.Duration) (*Sessions, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	u, err := database.Parse(url)
	if err != nil {
		return nil, err
	}
	s := &Sessions{timeout: timeout}
	switch u.Kind {
	case database.Postgres:
		s.driver, err = openPostgres(ctx, u, query)
	case database.SQLite:
		s.driver, err = openSQLite(ctx, u, query)
	default:
		err = errors.New("needs a database, but DATABASE_URL is none")
	}
	if err != nil {
		return nil, fmt.Errorf("SESSION_QUERY: %w", err)
	}
	return s, nil
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
	return claims, nil
}

func checkColumns(n int) error {
	if n < 1 || n > 3 {
		return fmt.Errorf("must give the user's id, the name and when the session ends; it gives %d columns", n)
	}
	return nil
}

package sessions

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
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
	driver, err := openDriver(ctx, url, sessionQuery(query))
	if err != nil {
		return nil, err
	}
	return &Sessions{timeout, driver}, nil
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

// sessionConnections is how many sessions are asked at once.
const sessionConnections = 4

func sessionQuery(sql string) query {
	return query{
		variable: "SESSION_QUERY", sql: sql, parameter: "the session's token", connections: sessionConnections,
		columns: 3, gives: "the user's id, the name and when the session ends",
	}
}

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socketgate/socketgate/pkg/token"
)

// Sessions looks up sessions that the web app keeps in its database (SESSION_QUERY). Its methods may be called from any
// goroutine.
//
// It has up to 4 connections of its own, so that a rush of logins makes no commit and no join wait. Nothing is kept: a
// session that was ended lets nobody in any more.
type Sessions struct {
	timeout time.Duration
	ask     func(ctx context.Context, session any) ([]any, error) // a text or nil; no row is nil
	close   func()
}

const sessionConnections = 4

// OpenSessions connects to the database of that URL, which is DATABASE_URL, and checks the query: SQL with $1 for the token
// of a session, whose row is the user's id, the name (may be missing or NULL) and when the session ends (the same). Timeout
// bounds each look-up, ctx the opening only, which takes no longer than a minute. The caller must Close.
func OpenSessions(ctx context.Context, url, query string, timeout time.Duration) (*Sessions, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	t, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	s := &Sessions{timeout: timeout}
	switch t.database {
	case databasePostgres:
		err = s.openPostgres(ctx, t, query)
	case databaseSQLite:
		err = s.openSQLite(ctx, t, query)
	default:
		err = errors.New("needs a database, but DATABASE_URL is none")
	}
	if err != nil {
		return nil, fmt.Errorf("SESSION_QUERY: %w", err)
	}
	return s, nil
}

// Close ends the connections, and with them what is under way.
func (s *Sessions) Close() { s.close() }

// Claims returns whose session it is. The error is token.ErrNoSession, or token.ErrUnavailable and why. A token that the
// query's types can't hold is nobody's.
func (s *Sessions) Claims(ctx context.Context, session string) (token.Claims, error) {
	if strings.ContainsRune(session, 0) { // Postgres takes it for a broken connection
		return token.Claims{}, token.ErrNoSession
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	row, err := s.ask(ctx, session)
	switch {
	case isRejected(err):
		return token.Claims{}, token.ErrNoSession
	case err != nil:
		return token.Claims{}, fmt.Errorf("%w: %w", token.ErrUnavailable, err)
	case row == nil, row[0] == nil: // the session of a visitor who has not logged in has no user
		return token.Claims{}, token.ErrNoSession
	}
	claims, err := sessionClaims(row)
	if err != nil {
		return token.Claims{}, fmt.Errorf("%w: %w", token.ErrUnavailable, err)
	}
	return claims, nil
}

func (s *Sessions) openPostgres(ctx context.Context, t target, query string) error {
	life, end := context.WithCancel(context.Background())
	config, err := poolConfig(life, t, Config{PoolSize: 1 + sessionConnections})
	if err != nil {
		end()
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		end()
		return fmt.Errorf("open connection pool: %w", err)
	}
	s.close = func() {
		end()
		pool.Close()
	}
	s.ask = func(ctx context.Context, session any) ([]any, error) {
		args := []any{session}
		if t.pgbouncer {
			// Without a description from the server only quoted literals take any type.
			args = []any{pgx.QueryExecModeSimpleProtocol, session}
		}
		rows, err := pool.Query(ctx, query, args...)
		if err != nil {
			return nil, new(postgres).fault(err)
		}
		defer rows.Close()
		var row []any
		if rows.Next() {
			row, err = rows.Values()
		}
		if rows.Close(); err == nil {
			err = rows.Err()
		}
		if err != nil {
			return nil, new(postgres).fault(err)
		}
		return row, nil
	}
	if err = checkSessionQuery(ctx, pool, query); err == nil {
		_, err = s.ask(ctx, nil) // the server checks privileges no sooner
	}
	if err != nil && !isRejected(err) {
		s.close()
		return unanswered(config.ConnConfig, err)
	}
	return nil
}

// checkSessionQuery lets the server read the query.
func checkSessionQuery(ctx context.Context, pool *pgxpool.Pool, query string) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to database: %w", err)
	}
	defer conn.Release()
	d, err := conn.Conn().Prepare(ctx, "", query)
	if err != nil {
		return err
	}
	if n := len(d.ParamOIDs); n != 1 {
		return fmt.Errorf("must use $1 (the session's token) and nothing else; it has %d parameters", n)
	}
	return checkSessionColumns(len(d.Fields))
}

func checkSessionColumns(n int) error {
	if n < 1 || n > 3 {
		return fmt.Errorf("must give the user's id, the name and when the session ends; it gives %d columns", n)
	}
	return nil
}

func (s *Sessions) openSQLite(ctx context.Context, t target, query string) error {
	path, err := locate(t.path)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", sqliteDSN(path, "rw")+"&_pragma=query_only(1)")
	if err != nil {
		return fmt.Errorf("open SQLite file: %w", err)
	}
	db.SetMaxOpenConns(sessionConnections)
	s.close = func() { db.Close() }
	s.ask = func(ctx context.Context, session any) ([]any, error) {
		_, row, err := askSQLite(ctx, db, query, session)
		return row, err
	}
	if err = checkSQLiteSessions(ctx, db, query); err != nil {
		s.close()
	}
	return err
}

// checkSQLiteSessions tries the query with a token that nobody has.
func checkSQLiteSessions(ctx context.Context, db *sql.DB, query string) error {
	if !strings.Contains(query, "$1") {
		return errors.New("must use $1 (the session's token)")
	}
	columns, _, err := askSQLite(ctx, db, query, "")
	if err != nil {
		return err
	}
	return checkSessionColumns(columns)
}

func askSQLite(ctx context.Context, db *sql.DB, query string, session any) (columns int, row []any, err error) {
	rows, err := db.QueryContext(ctx, query, session)
	if err != nil {
		return 0, nil, sqliteFault(err, false)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return 0, nil, sqliteFault(err, false)
	}
	if !rows.Next() {
		return len(names), nil, rows.Err()
	}
	row = make([]any, len(names))
	into := make([]any, len(names))
	for i := range row {
		into[i] = &row[i]
	}
	if err := rows.Scan(into...); err != nil {
		return 0, nil, sqliteFault(err, false)
	}
	return len(names), row, nil
}

// sessionClaims reads a row: the user's id, the name, when the session ends.
func sessionClaims(row []any) (token.Claims, error) {
	var c token.Claims
	c.UserID, c.UserIDJSON = sessionText(row[0])
	if c.UserID == "" {
		return c, fmt.Errorf("the first column is no user's id, but %T", row[0])
	}
	c.Username = c.UserID
	if len(row) > 1 {
		if name, _ := sessionText(row[1]); name != "" {
			c.Username = name
		}
	}
	if len(row) > 2 && row[2] != nil {
		var ok bool
		if c.Expires, ok = sessionEnd(row[2]); !ok {
			return c, fmt.Errorf("the third column is no time, but %T", row[2])
		}
	}
	return c, nil
}

// sessionText reads a text or an integer, and gives it as JSON too.
func sessionText(v any) (string, json.RawMessage) {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10), strconv.AppendInt(nil, v, 10)
	case int32:
		return sessionText(int64(v))
	case int16:
		return sessionText(int64(v))
	case pgtype.Numeric:
		if n, err := v.Int64Value(); err == nil && n.Valid {
			return sessionText(n.Int64)
		}
	case float64: // a number out of jsonb
		if n := int64(v); float64(n) == v {
			return sessionText(n)
		}
	case [16]byte:
		return sessionText(uuid.UUID(v).String())
	case []byte:
		return sessionText(string(v))
	case string:
		v = strings.ToValidUTF8(v, "\ufffd")
		quoted, _ := json.Marshal(v) // a string can't fail
		return v, quoted
	}
	return "", nil
}

// sessionTimes are the forms in which SQLite's rows have a time, and Postgres' when they are cast to text.
var sessionTimes = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"}

// sessionEnd reads a time, or since 1970 the seconds, or milliseconds where seconds would be beyond the year 5000.
func sessionEnd(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v, true
	case int64:
		if v > 1e11 {
			return time.UnixMilli(v), true
		}
		return time.Unix(v, 0), true
	case int32:
		return time.Unix(int64(v), 0), true
	case float64:
		return sessionEnd(int64(v))
	case pgtype.Numeric: // what extract(epoch FROM …) is
		if n, err := v.Float64Value(); err == nil && n.Valid {
			return sessionEnd(n.Float64)
		}
	case pgtype.InfinityModifier:
		return time.Time{}, v == pgtype.Infinity
	case string:
		for _, form := range sessionTimes {
			if t, err := time.Parse(form, v); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

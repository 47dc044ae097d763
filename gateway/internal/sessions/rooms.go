package sessions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

const (
	mostRoomsOfUser = 1000 // that one user is in
	longestRoom     = 256  // bytes, as of a room that a client names
)

// Rooms tell in which rooms the app has its users. Its methods may be called from any goroutine.
type Rooms struct {
	timeout time.Duration
	driver  driver
	log     *slog.Logger
}

// OpenRooms connects to the database of that URL, which is DATABASE_URL, and checks the query: SQL with $1 for a user's id, each of
// whose rows is a room. Timeout bounds each question, ctx the opening only, which takes no longer than a minute. The caller must Close.
func OpenRooms(ctx context.Context, url, sql string, timeout time.Duration, log *slog.Logger) (*Rooms, error) {
	q := oneParameter("USER_ROOMS_QUERY", gathered(url, sql), "the user's id", 1, "rooms")
	d, err := openDriver(ctx, url, q)
	if err != nil {
		return nil, err
	}
	return &Rooms{timeout: timeout, driver: d, log: log}, nil
}

// gathered makes one row of a query's: an array of JSON, for which the database can be asked about many users in one statement.
func gathered(url, sql string) string {
	array := "coalesce(json_agg(room::text)::text, '[]')"
	if u, err := database.Parse(url); err == nil && u.Kind == database.SQLite {
		array = "json_group_array(CAST(room AS TEXT))"
	}
	return fmt.Sprintf("SELECT %s FROM (WITH asked(room) AS (\n%s\n) SELECT room FROM asked WHERE room IS NOT NULL LIMIT %d) AS rooms",
		array, strings.TrimRight(sql, "; \t\r\n"), mostRoomsOfUser+1)
}

// Close ends the connections, and with them what is under way. Nil Rooms are closed.
func (r *Rooms) Close() {
	if r != nil {
		r.driver.close()
	}
}

// Of returns each user's rooms, at most 1,000. The error is for all of them, and means that nobody knows. A user whom the query's types
// can't hold is in none.
func (r *Rooms) Of(ctx context.Context, users []string) ([][]string, error) {
	sets := make([][]any, len(users))
	for i, user := range users {
		sets[i] = []any{clean(user)}
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	rows, err := askEach(ctx, r.driver, sets)
	if err != nil {
		return nil, fmt.Errorf("USER_ROOMS_QUERY: %w", err)
	}
	all := make([][]string, len(users))
	for i, row := range rows {
		if all[i], err = r.read(users[i], row); err != nil {
			return nil, fmt.Errorf("USER_ROOMS_QUERY: %w", err)
		}
	}
	return all, nil
}

// read leaves out what is no name of a room: a client could not have joined it either.
func (r *Rooms) read(user string, row []any) (rooms []string, err error) {
	if len(row) == 0 {
		return nil, nil
	}
	var names []string
	text, _ := textOf(row[0])
	if err := json.Unmarshal([]byte(text), &names); err != nil {
		return nil, errors.New("the answer is no list of texts")
	}
	if len(names) > mostRoomsOfUser {
		r.log.Warn("USER_ROOMS_QUERY gives a user more than 1,000 rooms: the first 1,000 count", "user", user)
		names = names[:mostRoomsOfUser]
	}
	for _, name := range names {
		if name != "" && len(name) <= longestRoom && !strings.ContainsRune(name, 0) {
			rooms = append(rooms, name)
		}
	}
	return rooms, nil
}

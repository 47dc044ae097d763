package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// checkAccessQuery tries the query with a room and a user that nobody has.
func (s *sqliteTable) checkAccessQuery(ctx context.Context, query string) error {
	if query == "" {
		return nil
	}
	s.accessQuery = query
	if !strings.Contains(query, "$1") || !strings.Contains(query, "$2") {
		return errors.New("ROOM_ACCESS_QUERY: must use $1 (the room) and $2 (the user)")
	}
	_, columns, err := database.SQLiteRow(ctx, s.readers, query, "", "")
	if err == nil {
		err = database.CheckSQLiteAnswer(columns)
	}
	if err != nil {
		return fmt.Errorf("ROOM_ACCESS_QUERY: %w", err)
	}
	return nil
}

func (s *sqliteTable) askers() int { return sqliteReaders }

func (s *sqliteTable) access(ctx context.Context, room, user string) ([]any, error) {
	row, _, err := database.SQLiteRow(ctx, s.readers, s.accessQuery, room, user)
	return row, err
}

func (s *sqliteTable) accesses(ctx context.Context, seats []message.Seat) ([][]any, error) {
	return database.SQLiteRows(ctx, s.readers, s.accessQuery, accessArgs(seats))
}

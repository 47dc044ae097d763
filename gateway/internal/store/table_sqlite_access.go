package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// checkAccessQuery tries the query with a room and a user that nobody has.
func (s *sqliteTable) checkAccessQuery(ctx context.Context, query string) error {
	if query == "" {
		return nil
	}
	s.access = query
	if !strings.Contains(query, "$1") || !strings.Contains(query, "$2") {
		return errors.New("ROOM_ACCESS_QUERY: must use $1 (the room) and $2 (the user)")
	}
	if _, err := s.mayJoin(ctx, "", ""); err != nil {
		return fmt.Errorf("ROOM_ACCESS_QUERY: %w", err)
	}
	return nil
}

func (s *sqliteTable) askers() int { return sqliteReaders }

func (s *sqliteTable) mayJoin(ctx context.Context, room, user string) (bool, error) {
	row, _, err := database.SQLiteRow(ctx, s.readers, s.access, room, user)
	return row != nil && saysYes(row[0]), err
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// prismaTable is what Prisma's SQLite migration makes of the default Message model.
const prismaTable = `CREATE TABLE IF NOT EXISTS "Message" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "text" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "roomId" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
)`

// CreateDemoTable makes the SQLite file of a file: URL, and Prisma's default Message table in it, unless they
// are there.
func CreateDemoTable(ctx context.Context, url string) error {
	t, err := parseURL(url)
	if err != nil {
		return err
	}
	if t.database != databaseSQLite {
		return errors.New("create demo table: DATABASE_URL must be a SQLite file, as in file:./demo.db")
	}
	db, err := sql.Open("sqlite", sqliteDSN(t.path, "rwc"))
	if err != nil {
		return fmt.Errorf("create demo table: %w", err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, prismaTable); err != nil {
		return fmt.Errorf("create demo table: %w", err)
	}
	return nil
}

// Row is a message as the database holds it: the text is what Encrypt made of it.
type Row struct {
	ID, Text, User, Room, CreatedAt string
}

// Recent reads the last n rows, the newest first. It takes at most Config.Timeout.
func (s *Store) Recent(ctx context.Context, n int) ([]Row, error) {
	ctx, cancel := s.within(ctx)
	defer cancel()
	rows, err := s.table.recent(ctx, n)
	if err != nil {
		return nil, fmt.Errorf("recent messages: %w", err)
	}
	return rows, nil
}

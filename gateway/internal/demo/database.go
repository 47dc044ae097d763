package demo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// prismaTable is what Prisma's SQLite migration makes of the default Message model.
const prismaTable = `CREATE TABLE IF NOT EXISTS "Message" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "text" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "roomId" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
)`

// Database is the demo's database as the page shows it. Its methods may be called from any goroutine.
type Database struct{ db *sql.DB }

// OpenDatabase makes the SQLite file of a file: URL, and Prisma's default Message table in it, unless they are there. The
// caller must Close.
func OpenDatabase(ctx context.Context, url string) (*Database, error) {
	u, err := database.Parse(url)
	if err != nil {
		return nil, err
	}
	if u.Kind != database.SQLite {
		return nil, errors.New("make the demo's database: DATABASE_URL must be a SQLite file, as in file:./demo.db")
	}
	db, err := database.OpenSQLite(u.NewFile(), database.Create, 1)
	if err != nil {
		return nil, fmt.Errorf("make the demo's database: %w", err)
	}
	if _, err := db.ExecContext(ctx, prismaTable); err != nil {
		db.Close()
		return nil, fmt.Errorf("make the demo's database: %w", err)
	}
	return &Database{db}, nil
}

// Recent reads the last n rows, the newest first.
func (d *Database) Recent(ctx context.Context, n int) ([]Row, error) {
	// Cast, or the driver would make a time of what looks like one.
	const newest = `SELECT "id", "roomId", "userId", "text", CAST("createdAt" AS TEXT) FROM "Message" ORDER BY rowid DESC LIMIT $1`
	rows, err := d.db.QueryContext(ctx, newest, n)
	if err != nil {
		return nil, fmt.Errorf("read the newest messages: %w", err)
	}
	defer rows.Close()
	var list []Row
	for rows.Next() {
		var r Row
		if err := rows.Scan(&r.ID, &r.Room, &r.User, &r.Text, &r.CreatedAt); err != nil {
			return nil, fmt.Errorf("read the newest messages: %w", err)
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// Close ends the connections. It leaves the file.
func (d *Database) Close() error { return d.db.Close() }

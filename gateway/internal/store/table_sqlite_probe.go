package store

import (
	"context"
	"fmt"
	"regexp"
)

// A name or a text may hold the word, and so may a comment.
var (
	sqlAside      = regexp.MustCompile(`'[^']*'|"[^"]*"|` + "`[^`]*`" + `|\[[^]]*\]|--[^\n]*|(?s:/\*.*?\*/)`)
	autoIncrement = regexp.MustCompile(`(?i)\bAUTOINCREMENT\b`)
)

// unordered asks how the table was made. SQLite's own collations (BINARY, NOCASE, RTRIM) sort lowercase letters, digits and
// hyphens alike, and a table with another can't be written by this process.
func (s *sqliteTable) unordered(ctx context.Context) (string, error) {
	if s.mapping.IDs != idsDatabase {
		return "", nil
	}
	var made string
	if err := s.writer.QueryRowContext(ctx, `SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?`, s.mapping.Table).Scan(&made); err != nil {
		return "", err
	}
	if !autoIncrement.MatchString(sqlAside.ReplaceAllString(made, " ")) {
		return fmt.Sprintf("column %q is not AUTOINCREMENT: SQLite gives the id of a deleted newest row to the next", s.mapping.ID.Name), nil
	}
	return "", nil
}

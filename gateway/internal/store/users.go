package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// The columns by which apps call a user, the one that others should see first. E-mail addresses are nobody's business.
var nameColumns = []string{"username", "name", "displayName", "fullName", "nickname", "nick", "handle", "screenName", "login", "firstName"}

// findUsers looks what users are called in the table that the sender's foreign key refers to, and returns a query for it with
// $1 for the user's id. Each of its columns may have the name, the first before the others. It is empty where the schema
// does not tell. It is called while the store opens.
func (s *Store) findUsers(ctx context.Context) (string, error) {
	references, err := s.table.references(ctx)
	if err != nil {
		return "", fmt.Errorf("read its foreign keys: %w", err)
	}
	for _, r := range references {
		if r.column != s.mapping.User.Name {
			continue
		}
		tables, err := s.table.describe(ctx, r.schema)
		if err != nil {
			return "", fmt.Errorf("read the table of users: %w", err)
		}
		for _, t := range tables {
			if names := t.names(); t.name == r.table && len(names) > 0 {
				return fmt.Sprintf("SELECT %s FROM %s WHERE %s = $1", strings.Join(names, ", "), r.name(), database.Quote(r.key)), nil
			}
		}
	}
	return "", nil
}

// names lists the columns that may have a user's name, as SQL writes them.
func (t description) names() []string {
	var names []string
	for _, name := range nameColumns {
		for _, c := range t.columns {
			if fold(c.Name) == fold(name) && c.holdsText() {
				names = append(names, database.Quote(c.Name))
			}
		}
	}
	return names
}

package store

import (
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// HelpfulIndexes are the statements that make the indexes by which what a room or a person has missed is found without a look at
// everybody's messages. There are none where the table has them.
func (m Mapping) HelpfulIndexes() []string {
	var list []string
	for _, c := range m.places() {
		if !c.leads {
			list = append(list, m.helpfulIndex(c))
		}
	}
	return list
}

func (m Mapping) helpfulIndex(c Column) string {
	create := "CREATE INDEX"
	if m.Database == database.Postgres {
		create += " CONCURRENTLY"
	}
	return fmt.Sprintf("%s ON %s (%s, %s)", create, m.name(), database.Quote(c.Name), database.Quote(m.ID.Name))
}

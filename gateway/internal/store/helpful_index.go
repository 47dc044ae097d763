package store

import (
	"context"
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// findIndexes looks for the indexes by which what a place has missed is found. Without an answer there are none.
func (s *Store) findIndexes(ctx context.Context) {
	if ok, _ := s.Replays(); !ok {
		return
	}
	for _, c := range []*Column{&s.mapping.Room, &s.mapping.Receiver, &s.mapping.User} {
		if c.Name == "" || c.kind == kindOther { // a value that does not fit its type would spoil the sweep for all
			continue
		}
		var err error
		if c.leads, err = s.table.leads(ctx, *c); err != nil {
			s.log.Debug("the indexes of the message table can't be read", "error", err)
		}
	}
}

// HelpfulIndexes are the statements that make the indexes by which what a room or a person has missed is found without a look at
// everybody's messages. There are none where the table has them.
func (m Mapping) HelpfulIndexes() []string {
	var list []string
	for _, c := range m.places() {
		if !c.leads && c.kind != kindOther {
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

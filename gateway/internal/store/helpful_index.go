package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// findIndexes looks for the indexes by which what a place has missed is found. Without an answer there are none.
func (s *Store) findIndexes(ctx context.Context) {
	for _, c := range []*Column{&s.mapping.Room, &s.mapping.Receiver} {
		var err error
		if c.Name == "" {
			continue
		}
		if c.found, err = s.table.begins(ctx, *c); err != nil {
			s.log.Debug("the indexes of the message table can't be read", "error", err)
		}
	}
	if ok, _ := s.Replays(); !ok {
		return
	}
	for _, c := range []*Column{&s.mapping.Room, &s.mapping.Receiver, &s.mapping.User} {
		if c.Name == "" || !c.orders() { // a value that does not fit its type would spoil the sweep for all
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
		if !c.leads && c.orders() {
			list = append(list, m.helpfulIndex(c))
		}
	}
	return list
}

func (m Mapping) helpfulIndex(c Column) string { return m.indexTo(c, m.ID) }

func (m Mapping) indexTo(c, then Column) string {
	create := "CREATE INDEX CONCURRENTLY"
	if m.Database == database.SQLite { // where an index has no name by itself
		create = "CREATE INDEX " + database.Quote(strings.Join([]string{m.Table, c.Name, then.Name, "idx"}, "_"))
	}
	return fmt.Sprintf("%s ON %s (%s, %s)", create, m.name(), database.Quote(c.Name), database.Quote(then.Name))
}

// HistoryIndexes are the statements that make the indexes without which Store.Latest reads the whole table.
func (m Mapping) HistoryIndexes() []string {
	var list []string
	for _, c := range m.places() {
		switch {
		case c.found || m.Database == database.None:
		case m.CreatedAt != nil:
			list = append(list, m.indexTo(c, *m.CreatedAt))
		default:
			list = append(list, m.indexTo(c, m.ID))
		}
	}
	return list
}

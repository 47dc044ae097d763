package store

import (
	"context"
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// unordered says why ids of the table can't rise in the order of commits, and what would mend it. It is empty where they do
// as far as the mapping tells: the table knows the rest.
func (m Mapping) unordered() string {
	switch {
	case m.Database == database.None:
		return "DATABASE_URL is none: nothing is stored"
	case m.IDs == idsDatabase && m.ID.holdsText(), m.IDs == idsDatabase && m.ID.kind == kindUUID:
		return fmt.Sprintf("column %q (%s) gets ids from the database, in no order; set MESSAGE_ID=uuid, so that the gateway makes them", m.ID.Name, m.ID.Type)
	case m.IDs == idsDatabase && m.ID.kind != kindInteger:
		return fmt.Sprintf("column %q (%s) gets ids from the database, and is no integer", m.ID.Name, m.ID.Type)
	}
	return ""
}

// probe finds out whether the table's ids rise in the order of commits, and logs why they don't. It never fails: a table that
// can't be replayed can still be written.
func (s *Store) probe(ctx context.Context) {
	reason := s.mapping.unordered()
	if reason == "" {
		var err error
		if reason, err = s.table.unordered(ctx); err != nil {
			reason = fmt.Sprintf("nobody knows how column %q sorts: %v", s.mapping.ID.Name, err)
		}
	}
	if reason != "" {
		s.loseOrder(reason)
	}
}

// probeIDs are ids that rise, and that most orders but that of their bytes mix up: with each pair of digits, because languages
// sort some pairs as one letter, and with each digit of the time. The bound that separates two of them is between them.
func (m Mapping) probeIDs() []string {
	var list []string
	add := func(milli, counter uint64) {
		position := milli*perMilli + counter
		list = append(list, m.newID(position, 1), m.lastOf(position))
	}
	const around = (firstMilli/256 + 1) * 256 // ends in 00
	for pair := range uint64(36 * 36) {
		if m.IDs == idsCUID {
			add(around, pair*36)
		} else if pair < 256 {
			add(around+pair, 0)
		}
	}
	for milli := uint64(around + 256); milli < lastMilli; milli += (lastMilli - firstMilli) / 500 {
		add(milli, milli%m.counters())
	}
	return list
}

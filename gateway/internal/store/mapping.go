package store

import (
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// Mapping says where messages go: the table, its columns, and who fills them.
type Mapping struct {
	Database database.Kind
	Schema   string // Postgres only
	Table    string

	ID, Text, User, Room Column
	CreatedAt, UpdatedAt *Column // nil where the table has none
	IDs                  string  // who makes ids: cuid, uuid or database
	Constants            []Constant

	all      []Column // of the table
	readBack []Column // what only the database knows of a row that it has stored, as far as it is told
}

// Constant is a column that gets the same value in every row.
type Constant struct {
	Column Column
	Value  string
}

// String is the mapping in one line, as the log has it.
func (m Mapping) String() string {
	if m.Database == database.None {
		return "none: messages are relayed, not stored"
	}
	s := fmt.Sprintf("%s %s: id=%s (made by %s) text=%s user=%s room=%s", m.Database, m.name(), m.ID, m.IDs, m.Text, m.User, m.Room)
	if m.CreatedAt != nil {
		s += fmt.Sprintf(" created=%s", m.CreatedAt)
	}
	if m.UpdatedAt != nil {
		s += fmt.Sprintf(" updated=%s", m.UpdatedAt)
	}
	for _, c := range m.Constants {
		s += fmt.Sprintf(" %s=%q", c.Column.Name, c.Value)
	}
	return s
}

// name is the table as SQL writes it.
func (m Mapping) name() string {
	if m.Schema == "" {
		return database.Quote(m.Table)
	}
	return database.Quote(m.Schema) + "." + database.Quote(m.Table)
}

// columns lists what an insert fills, in the order of values.
func (m Mapping) columns() []Column {
	var list []Column
	if m.IDs != idsDatabase {
		list = append(list, m.ID)
	}
	list = append(list, m.Text, m.User, m.Room)
	for _, c := range []*Column{m.CreatedAt, m.UpdatedAt} {
		if c != nil {
			list = append(list, *c)
		}
	}
	return list
}

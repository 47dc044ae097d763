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

	ID, Text, User       Column
	Room, Receiver       Column  // without a name where the table has none; it has one of them at least
	CreatedAt, UpdatedAt *Column // nil where the table has none
	IDs                  string  // who makes ids: cuid, uuid or database
	Constants            []Constant
	Fields               []FieldColumn
	// UserQuery asks what a user is called, $1 is the id; each column may have the name. Empty where the schema doesn't tell.
	UserQuery string

	all      []Column // of the table
	readBack []Column // what only the database knows of a row that it has stored, as far as it is told
	reread   []Column // what is told of a row that is read again, beside its message
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
	s := fmt.Sprintf("%s %s: id=%s (made by %s) text=%s user=%s", m.Database, m.name(), m.ID, m.IDs, m.Text, m.User)
	if m.Room.Name != "" {
		s += fmt.Sprintf(" room=%s", m.Room)
	}
	if m.Receiver.Name != "" {
		s += fmt.Sprintf(" receiver=%s", m.Receiver)
	}
	if m.CreatedAt != nil {
		s += fmt.Sprintf(" created=%s", m.CreatedAt)
	}
	if m.UpdatedAt != nil {
		s += fmt.Sprintf(" updated=%s", m.UpdatedAt)
	}
	for _, c := range m.Fields {
		s += fmt.Sprintf(" %s=%s", c.Key, c.Column)
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

// SharesIDs tells that a room and a user may have the same id, since both are integers.
func (m Mapping) SharesIDs() bool {
	return m.Room.Name != "" && m.Room.kind == kindInteger && m.User.kind == kindInteger
}

// MayShareIDs tells that a room and a user may have the same id, unless those who make the ids see to it that they don't. UUIDs differ by
// themselves, and from integers; a room that has no column may be called anything.
func (m Mapping) MayShareIDs() bool {
	isMade := func(c Column) bool { return c.kind == kindUUID || c.kind == kindInteger }
	return m.SharesIDs() || !isMade(m.Room) || !isMade(m.User)
}

// places are the columns that say where a message goes. Where there are two, a message has one of them, and NULL in the other.
func (m Mapping) places() []Column {
	var list []Column
	for _, c := range []Column{m.Room, m.Receiver} {
		if c.Name != "" {
			list = append(list, c)
		}
	}
	return list
}

// placesIn are the parts of a row that places are read into.
func (m Mapping) placesIn(r *row) []any {
	var list []any
	if m.Room.Name != "" {
		list = append(list, &r.room)
	}
	if m.Receiver.Name != "" {
		list = append(list, &r.receiver)
	}
	return list
}

// columns lists what an insert fills in every table, in the order of values.
func (m Mapping) columns() []Column {
	var list []Column
	if m.IDs != idsDatabase {
		list = append(list, m.ID)
	}
	list = append(list, m.Text, m.User)
	list = append(list, m.places()...)
	for _, c := range []*Column{m.CreatedAt, m.UpdatedAt} {
		if c != nil {
			list = append(list, *c)
		}
	}
	return list
}

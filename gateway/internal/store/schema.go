package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The names that apps give to the table and its columns, the likeliest first. They are compared by fold.
var (
	tableNames = []string{"Message", "Messages", "ChatMessage", "ChatMessages"}
	textNames  = []string{"text", "content", "body", "message"}
	userNames  = []string{"senderId", "userId", "authorId"}
	roomNames  = []string{"roomId", "conversationId", "chatId", "channelId"}
	// receiverNames are of users: none of them is ever a room, or whoever joined the room "bob" would read Bob's mail.
	receiverNames = []string{"receiverId", "recipientId", "toUserId", "toId", "receiver", "recipient", "toUser", "to", "targetUserId", "targetId"}
	createdNames  = []string{"createdAt", "timestamp", "sentAt", "insertedAt", "createdOn", "created"}
	updatedNames  = []string{"updatedAt"}
)

// fold makes camel, snake and other cases of one name the same.
func fold(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// isNamed tells that a column has one of these names.
func (c Column) isNamed(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return fold(name) == fold(c.Name) })
}

// namesATime tells that a column is called as those for times are.
func (c Column) namesATime() bool { return c.isNamed(createdNames) || c.isNamed(updatedNames) }

// strangeTime says why a column gets no time, and what would mend it.
const strangeTime = "times are written into columns of a type for these only, and with SQLite into others where a message has one already; give it a default (of the database, not of the app's code)"

// Untimed names the column that would have the time of a message, if none is written into it. Empty means that messages have one.
func (m Mapping) Untimed() string {
	if m.CreatedAt != nil {
		return ""
	}
	isConstant := func(column string) bool {
		return slices.ContainsFunc(m.Constants, func(c Constant) bool { return c.Column.Name == column })
	}
	for _, c := range m.all {
		if c.isNamed(createdNames) && !c.made && !c.generated && !m.isField(c.Name) && !isConstant(c.Name) {
			return fmt.Sprintf("column %q (%s) stays NULL: %s", c.Name, c.Type, strangeTime)
		}
	}
	return ""
}

// description is a table as the database's catalog describes it.
type description struct {
	name    string
	columns []Column
}

// addColumn adds a column to the last of the tables, or to a new one if that has another name.
func addColumn(tables []description, table string, c Column) []description {
	if n := len(tables); n == 0 || tables[n-1].name != table {
		tables = append(tables, description{name: table})
	}
	last := &tables[len(tables)-1]
	last.columns = append(last.columns, c)
	return tables
}

// chooseTable maps messages onto one of the tables. where says in words which tables they are. In a mapping whose
// IDs are auto, the newest row decides.
func chooseTable(where string, tables []description, c Config) (Mapping, error) {
	candidates, err := candidateTables(where, tables, c.Table)
	if err != nil {
		return Mapping{}, err
	}
	var fits []Mapping
	var misfit error
	for _, t := range candidates {
		m, err := mapTable(t, c)
		if err == nil {
			fits = append(fits, m)
		} else if misfit == nil {
			misfit = err
		}
	}
	switch len(fits) {
	case 0:
		return Mapping{}, misfit
	case 1:
		return fits[0], nil
	}
	var names []string
	for _, m := range fits {
		names = append(names, m.Table)
	}
	return Mapping{}, fmt.Errorf("message table: %s in %s could all be it; set MESSAGE_TABLE to one of them", strings.Join(names, ", "), where)
}

// usualNames are those to look for.
func usualNames(override string) []string {
	if override != "" {
		return []string{override}
	}
	return tableNames
}

// errNoTable means that no table has the name of a message table.
var errNoTable = errors.New("message table")

func candidateTables(where string, tables []description, override string) ([]description, error) {
	var found []description
	names := usualNames(override)
	if override != "" {
		for _, t := range tables {
			if t.name == override {
				return []description{t}, nil
			}
		}
	}
	for _, name := range names {
		for _, t := range tables {
			if fold(t.name) == fold(name) {
				found = append(found, t)
			}
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	there := "no tables: run the app's migrations first"
	if len(tables) > 0 {
		var names []string
		for _, t := range tables {
			names = append(names, t.name)
		}
		there = "only " + shorten(names)
	}
	return nil, fmt.Errorf("%w: looked for %s in %s, which has %s; if it is called otherwise, set MESSAGE_TABLE", errNoTable, strings.Join(names, ", "), where, there)
}

// shorten lists names, but not hundreds of them.
func shorten(names []string) string {
	const most = 30
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

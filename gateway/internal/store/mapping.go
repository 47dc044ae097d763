package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Mapping says where messages go: the table, its columns, and who fills them.
type Mapping struct {
	Database string // postgres, sqlite or none
	Schema   string // Postgres only
	Table    string

	ID, Text, User, Room Column
	CreatedAt, UpdatedAt *Column // nil where the table has none
	IDs                  string  // who makes ids: cuid, uuid or database
	Constants            []Constant

	all []Column // of the table
}

// Constant is a column that gets the same value in every row.
type Constant struct {
	Column Column
	Value  string
}

// String is the mapping in one line, as the log has it.
func (m Mapping) String() string {
	if m.Database == databaseNone {
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
		return quote(m.Table)
	}
	return quote(m.Schema) + "." + quote(m.Table)
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

// quote writes an identifier as SQL takes it literally.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// The names that apps give to the table and its columns, the likeliest first. They are compared by fold.
var (
	tableNames   = []string{"Message", "Messages", "ChatMessage", "ChatMessages"}
	textNames    = []string{"text", "content", "body", "message"}
	userNames    = []string{"senderId", "userId", "authorId"}
	roomNames    = []string{"roomId", "conversationId", "chatId", "channelId"}
	createdNames = []string{"createdAt", "timestamp", "sentAt"}
	updatedNames = []string{"updatedAt"}
)

// fold makes camel, snake and other cases of one name the same.
func fold(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// description is a table as the database's catalog describes it.
type description struct {
	name    string
	columns []Column
}

// find maps messages onto one of the tables. where says in words which tables they are. In a mapping whose
// IDs are auto, the newest row decides.
func find(where string, tables []description, c Config) (Mapping, error) {
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

// mapTable finds the columns of one table, and makes sure that a row can be filled.
func mapTable(t description, c Config) (Mapping, error) {
	f := finder{table: t}
	m := Mapping{
		Table: t.name,
		all:   t.columns,
		Text:  f.one("text", textNames, "MESSAGE_TEXT_COLUMN", c.TextColumn, Column.holdsText, firstOfMany),
		User:  f.one("sender", userNames, "MESSAGE_USER_COLUMN", c.UserColumn, anyColumn, onlyOne),
		Room:  f.one("room", roomNames, "MESSAGE_ROOM_COLUMN", c.RoomColumn, anyColumn, onlyOne),
	}
	f.distinct(m)
	m.CreatedAt = f.optional(createdNames)
	m.UpdatedAt = f.optional(updatedNames)
	m.ID = f.id()
	if f.err == nil {
		m.IDs, f.err = idMaker(t.name, m.ID, c.IDKind)
	}
	if f.err == nil {
		m.Constants, f.err = f.constants(m, c.Constants)
	}
	if f.err == nil {
		f.err = f.unfilled(m)
	}
	return m, f.err
}

// finder looks for columns in one table and keeps the first error.
type finder struct {
	table description
	err   error
}

func (f *finder) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf("message table %q: %w", f.table.name, fmt.Errorf(format, args...))
	}
}

func anyColumn(Column) bool { return true }

const (
	firstOfMany = false
	onlyOne     = true
)

// one finds the column for a role: the one that variable names, or the one with a usual name that suits. Of
// several, the only one that must be filled is meant; else the first, or nothing where a guess would mix up
// people or rooms.
func (f *finder) one(role string, names []string, variable, override string, suits func(Column) bool, unique bool) Column {
	if override != "" {
		c := f.named(override)
		if c == nil {
			f.fail("no %s column %q, which %s names; it has %s", role, override, variable, f.has())
			return Column{}
		}
		if !suits(*c) {
			f.fail("%s column %q is %s, which can't hold it; set %s to another", role, override, c.Type, variable)
		}
		if c.generated {
			f.fail("%s column %q is computed by the database; set %s to another", role, override, variable)
		}
		return *c
	}
	var found, required []Column
	for _, name := range names {
		for _, c := range f.table.columns {
			if fold(c.Name) == fold(name) && suits(c) && !c.generated {
				found = append(found, c)
				if c.mustBeFilled() {
					required = append(required, c)
				}
			}
		}
	}
	switch {
	case len(found) == 0:
		f.fail("no %s column: looked for %s, it has %s; set %s", role, strings.Join(names, ", "), f.has(), variable)
		return Column{}
	case len(required) == 1:
		return required[0]
	case unique && len(found) > 1:
		f.fail("%s and %s could both be the %s column; set %s", found[0].Name, found[1].Name, role, variable)
	}
	return found[0]
}

// distinct makes sure that no variable names the column of another role.
func (f *finder) distinct(m Mapping) {
	if f.err == nil && (m.Text.Name == m.User.Name || m.Text.Name == m.Room.Name || m.User.Name == m.Room.Name) {
		f.fail("one column can't be two of text %q, sender %q and room %q; set MESSAGE_TEXT_COLUMN, MESSAGE_USER_COLUMN or MESSAGE_ROOM_COLUMN to another",
			m.Text.Name, m.User.Name, m.Room.Name)
	}
}

func (f *finder) optional(names []string) *Column {
	for _, name := range names {
		for _, c := range f.table.columns {
			if fold(c.Name) == fold(name) && c.kind == kindTime && !c.generated {
				return &c
			}
		}
	}
	return nil
}

func (f *finder) named(name string) *Column {
	for _, c := range f.table.columns {
		if c.Name == name {
			return &c
		}
	}
	for _, c := range f.table.columns {
		if fold(c.Name) == fold(name) {
			return &c
		}
	}
	return nil
}

// id finds the column that alone tells one row from another.
func (f *finder) id() Column {
	for _, c := range f.table.columns {
		if c.unique && (c.primary || fold(c.Name) == "id") {
			return c
		}
	}
	f.fail("no id column: it needs a primary key or a unique id of one column (CREATE UNIQUE INDEX ON %s (id)), it has %s; or set MESSAGE_TABLE to another",
		quote(f.table.name), f.has())
	return Column{}
}

func (f *finder) constants(m Mapping, values map[string]string) ([]Constant, error) {
	var list []Constant
	for _, name := range slices.Sorted(maps.Keys(values)) {
		c := f.named(name)
		if c == nil {
			return nil, fmt.Errorf("message table %q: no column %q, which MESSAGE_CONSTANTS names; it has %s", f.table.name, name, f.has())
		}
		if slices.ContainsFunc(m.columns(), func(o Column) bool { return o.Name == c.Name }) {
			return nil, fmt.Errorf("message table %q: column %q is filled by the gateway; take it out of MESSAGE_CONSTANTS", f.table.name, c.Name)
		}
		if c.generated {
			return nil, fmt.Errorf("message table %q: column %q is computed by the database; take it out of MESSAGE_CONSTANTS", f.table.name, c.Name)
		}
		list = append(list, Constant{*c, values[name]})
	}
	return list, nil
}

// unfilled names the columns that would make every insert fail.
func (f *finder) unfilled(m Mapping) error {
	filled := m.columns()
	for _, c := range m.Constants {
		filled = append(filled, c.Column)
	}
	var names, hints []string
	for _, c := range f.table.columns {
		if c.mustBeFilled() && c.Name != m.ID.Name && !slices.ContainsFunc(filled, func(o Column) bool { return o.Name == c.Name }) {
			if c.refersTo != "" {
				return fmt.Errorf("message table %q: column %q (%s) is NOT NULL and refers to table %q, in which the gateway can't choose a row; let the app save its messages and set DATABASE_URL=none",
					f.table.name, c.Name, c.Type, c.refersTo)
			}
			names = append(names, fmt.Sprintf("%q (%s)", c.Name, c.Type))
			hints = append(hints, c.Name+"=…")
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("message table %q: column %s is NOT NULL without a default and nobody fills it; set MESSAGE_CONSTANTS=%s",
		f.table.name, strings.Join(names, ", "), strings.Join(hints, ","))
}

func (f *finder) has() string {
	var names []string
	for _, c := range f.table.columns {
		names = append(names, c.Name)
	}
	return shorten(names)
}

// shorten lists names, but not hundreds of them.
func shorten(names []string) string {
	const most = 30
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// idMaker decides who makes ids, as far as the column tells: auto is left where the newest row decides.
func idMaker(table string, id Column, wish string) (string, error) {
	bad := func(why string) (string, error) {
		return "", fmt.Errorf("message table %q: MESSAGE_ID=%s, but id column %q (%s) %s", table, wish, id.Name, id.Type, why)
	}
	switch wish {
	case "", idsAuto:
		wish = idsAuto
		switch {
		case id.made:
			return idsDatabase, nil
		case id.kind == kindUUID:
			return idsUUID, nil
		case id.kind == kindText:
			return idsAuto, nil
		}
		return bad("has no default and can't hold a cuid or uuid; give it a default")
	case idsDatabase:
		if !id.made {
			return bad("has no default; use cuid or uuid")
		}
	case idsCUID:
		if id.kind != kindText {
			return bad("can't hold a cuid")
		}
	case idsUUID:
		if id.kind != kindText && id.kind != kindUUID {
			return bad("can't hold a uuid")
		}
	default:
		return "", fmt.Errorf("MESSAGE_ID=%q: must be auto, cuid, uuid or database", wish)
	}
	return wish, nil
}

package store

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// mapTable finds the columns of one table, and makes sure that a row can be filled.
func mapTable(t description, c Config) (Mapping, error) {
	f := finder{table: t}
	m := Mapping{
		Table: t.name,
		all:   t.columns,
		Text:  f.one("text", textNames, "MESSAGE_TEXT_COLUMN", c.TextColumn, Column.holdsText, firstOfMany),
		User:  f.one("sender", userNames, "MESSAGE_USER_COLUMN", c.UserColumn, anyColumn, onlyOne),
	}
	f.places(&m, c)
	f.distinct(m)
	m.CreatedAt = f.optional(createdNames)
	m.UpdatedAt = f.optional(updatedNames)
	m.ID = f.id()
	if f.err == nil {
		m.IDs, f.err = idMaker(t.name, m.ID, c.IDKind)
	}
	if f.err == nil {
		m.Fields = f.fields(m, c.Fields)
	}
	if f.err == nil {
		m.Constants, f.err = f.constants(m, c.Constants)
	}
	m.all = m.bounded(t.columns)
	m.readBack = m.unknown()
	m.reread = m.unknownLater()
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
			f.fail("%s column %q is %s, which can't hold it; set %s to another", role, override, cmp.Or(c.Type, "of no type"), variable)
		}
		if c.generated {
			f.fail("%s column %q is computed by the database; set %s to another", role, override, variable)
		}
		return *c
	}
	found := f.usual(names, suits)
	if misfit := f.usual(names, anyColumn); len(found) == 0 && len(misfit) > 0 {
		f.fail("%s column %q is %s, which can't hold it; set %s to another", role, misfit[0].Name, cmp.Or(misfit[0].Type, "of no type"), variable)
		return Column{}
	}
	required := slices.DeleteFunc(slices.Clone(found), func(c Column) bool { return !c.mustBeFilled() })
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

// usual lists the columns with these names that suit.
func (f *finder) usual(names []string, suits func(Column) bool) (found []Column) {
	for _, name := range names {
		for _, c := range f.table.columns {
			if fold(c.Name) == fold(name) && suits(c) && !c.generated {
				found = append(found, c)
			}
		}
	}
	return found
}

// distinct makes sure that no variable names the column of another role.
func (f *finder) distinct(m Mapping) {
	roles := append([]Column{m.Text, m.User}, m.places()...)
	for i, c := range roles {
		if f.err == nil && slices.ContainsFunc(roles[:i], func(o Column) bool { return o.Name == c.Name }) {
			f.fail("one column can't be two of text %q, sender %q, room %q and receiver %q; set MESSAGE_TEXT_COLUMN, MESSAGE_USER_COLUMN, MESSAGE_ROOM_COLUMN or MESSAGE_RECEIVER_COLUMN to another",
				m.Text.Name, m.User.Name, m.Room.Name, m.Receiver.Name)
		}
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
	f.fail("no id column: it needs a primary key or a unique id of one column (CREATE UNIQUE INDEX ON %s (id), where it is not partitioned by another), it has %s; "+
		"or set MESSAGE_TABLE to another, or let the app save its messages and set DATABASE_URL=none", database.Quote(f.table.name), f.has())
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
		if m.isField(c.Name) {
			return nil, fmt.Errorf("message table %q: MESSAGE_FIELDS and MESSAGE_CONSTANTS both fill column %q; take it out of one", f.table.name, c.Name)
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
	for _, c := range m.Fields {
		filled = append(filled, c.Column)
	}
	var names, hints []string
	for _, c := range f.table.columns {
		if c.mustBeFilled() && c.Name != m.ID.Name && !slices.ContainsFunc(filled, func(o Column) bool { return o.Name == c.Name }) {
			if c.refersTo != "" {
				return fmt.Errorf("message table %q: column %q (%s) is NOT NULL and refers to table %q, in which the gateway can't choose a row; let the app save its messages and set DATABASE_URL=none",
					f.table.name, c.Name, c.Type, c.refersTo)
			}
			if c.namesATime() {
				return fmt.Errorf("message table %q: column %q (%s) is NOT NULL without a default, and %s, or let the app save its messages and set DATABASE_URL=none", f.table.name, c.Name, c.Type, strangeTime)
			}
			names = append(names, fmt.Sprintf("%q (%s)", c.Name, c.Type))
			hints = append(hints, c.Name+"=…")
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("message table %q: column %s is NOT NULL without a default and nobody fills it; set MESSAGE_CONSTANTS=%s, or MESSAGE_FIELDS where clients say it",
		f.table.name, strings.Join(names, ", "), strings.Join(hints, ","))
}

func (f *finder) has() string {
	var names []string
	for _, c := range f.table.columns {
		names = append(names, c.Name)
	}
	return shorten(names)
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
		case id.kind == kindText && id.limit > 0 && id.limit < cuidBytes:
			return bad(fmt.Sprintf("has no default and room for %d characters, of which a cuid has %d and a uuid %d; give it a default", id.limit, cuidBytes, uuidBytes))
		case id.kind == kindText:
			return idsAuto, nil
		}
		return bad("has no default and can't hold a cuid or uuid; give it a default")
	case idsDatabase:
		if !id.made {
			return bad("has no default; use cuid or uuid")
		}
	case idsCUID:
		if id.kind != kindText || id.limit > 0 && id.limit < cuidBytes {
			return bad("can't hold a cuid")
		}
	case idsUUID:
		if id.kind != kindUUID && (id.kind != kindText || id.limit > 0 && id.limit < uuidBytes) {
			return bad("can't hold a uuid")
		}
	default:
		return "", fmt.Errorf("MESSAGE_ID=%q: must be auto, cuid, uuid or database", wish)
	}
	return wish, nil
}

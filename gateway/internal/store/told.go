package store

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// form says what a value that was read back still needs to be what the app's client would print.
type form int

const (
	formPlain   form = iota // what its kind says, without a look at the declared type
	formJSON                // it is that JSON
	formTime                // ISO 8601 in UTC with milliseconds
	formFloat               // a number, or null where JSON has none
	formBoolean             // SQLite's 0 and 1
	formDigits              // a number as a string
)

// unknown lists the columns of which the gateway does not know what a row holds: defaults, generated columns and
// constants, which the database reads in its own way. A default Message table has none.
func (m Mapping) unknown() []Column {
	known := []string{m.ID.Name}
	for _, c := range m.columns() {
		if m.UpdatedAt == nil || c.Name != m.UpdatedAt.Name || !c.rounds() {
			known = append(known, c.Name)
		}
	}
	return slices.DeleteFunc(slices.Clone(m.all), func(c Column) bool { return c.print == "" || slices.Contains(known, c.Name) })
}

// unknownLater is unknown for a row that the app may have changed since.
func (m Mapping) unknownLater() []Column {
	unknown := m.unknown()
	return slices.DeleteFunc(slices.Clone(m.all), func(c Column) bool {
		isUnknown := slices.ContainsFunc(unknown, func(o Column) bool { return o.Name == c.Name })
		return !isUnknown && (c.print == "" || !m.tellsUpdatedAt(c))
	})
}

// rounds tells whether a column of times holds no milliseconds.
func (c Column) rounds() bool {
	_, length, _ := strings.Cut(c.declared, "(")
	return c.kind == kindTime && (length != "" && length[0] < '3' || c.times.rounds())
}

// Others lists the columns of message.Stored.Others.
func (m Mapping) Others() []string {
	var names []string
	for _, c := range m.all {
		if m.tellsUpdatedAt(c) || slices.ContainsFunc(m.readBack, func(o Column) bool { return o.Name == c.Name }) {
			names = append(names, c.Name)
		}
	}
	return names
}

// tellsUpdatedAt says that a column holds the time of storing, which nobody needs to read back.
func (m Mapping) tellsUpdatedAt(c Column) bool {
	return m.UpdatedAt != nil && m.UpdatedAt.Name == c.Name && !c.rounds()
}

// tell gives what is told of a row that is stored.
func (s *Store) tell(e *entry) message.Stored {
	e.stored.ID = s.mapping.ID.json(e.id)
	e.stored.Others = s.others(e)
	return e.stored
}

// others is what a stored row is told to hold beside its message, from what was read back of it.
func (s *Store) others(e *entry) []message.Field {
	read, size := e.stored.Others, 0
	var all []message.Field
	for _, c := range s.mapping.all {
		var value json.RawMessage
		switch {
		case len(read) > 0 && read[0].Column == c.Name:
			value, read = read[0].Value, read[1:]
		case s.mapping.tellsUpdatedAt(c):
			value = isoTime(e.stored.CreatedAt)
		}
		if value == nil {
			continue
		}
		if !s.mapping.isField(c.Name) { // those are bounded, and their clients' own
			if size+len(value) > message.MaxOthers || s.encrypt != nil && givesAway(value, e.text) {
				continue
			}
			size += len(value)
		}
		all = append(all, message.Field{Column: c.Name, Value: value})
	}
	return all
}

// givesAway tells whether a value, of a column that a trigger or the table computes from the text say, holds part of an
// encrypted text. Shorter parts than a few characters are in every text.
func givesAway(value json.RawMessage, encrypted string) bool {
	const few, start = 4, 16
	secret := bytes.ToLower([]byte(encrypted))
	if bytes.Contains(bytes.ToLower(value), secret[:min(start, len(secret))]) {
		return true
	}
	text, ok := rawjson.Unquote(value)
	return ok && len(text) >= few && bytes.Contains(secret, bytes.ToLower([]byte(text)))
}

// isoTime is JavaScript's Date.toISOString, as JSON.
func isoTime(t time.Time) json.RawMessage {
	return rawjson.Quote(t.UTC().Format("2006-01-02T15:04:05.000Z"))
}

// timeForms are how databases print times, with a zone or in UTC without one.
var timeForms = []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02"}

// tellTime gives a time as the app's client would print it, and what is none as a string.
func tellTime(printed string) json.RawMessage {
	for _, form := range timeForms {
		if t, err := time.Parse(form, printed); err == nil {
			return isoTime(t)
		}
	}
	return rawjson.Quote(printed)
}

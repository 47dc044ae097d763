package store

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Field names a column that clients' messages fill, by a key of theirs (MESSAGE_FIELDS).
type Field struct{ Key, Column string }

// FieldColumn is such a column as it was found.
type FieldColumn struct {
	Key    string
	Column Column
}

// HoldsContent tells that the column may hold what a message is sent for: a text or JSON.
func (f FieldColumn) HoldsContent() bool {
	return f.Column.kind == kindText || f.Column.kind == kindJSON
}

// HasNoText tells that a message without a text has NULL in the column of texts. Elsewhere it has an empty text.
func (m *Mapping) HasNoText() bool { return !m.Text.required }

// isNull tells that there is no text to store.
func (m *Mapping) isNull(text string) bool { return text == "" && m.HasNoText() && len(m.Fields) > 0 }

func (m *Mapping) isField(column string) bool {
	return slices.ContainsFunc(m.Fields, func(f FieldColumn) bool { return f.Column.Name == column })
}

// fields finds the columns that clients fill.
func (f *finder) fields(m Mapping, wanted []Field) (found []FieldColumn) {
	for _, w := range wanted {
		c := f.named(w.Column)
		switch {
		case c == nil:
			f.fail("no column %q, which MESSAGE_FIELDS names; it has %s", w.Column, f.has())
		case c.Name == m.ID.Name || slices.ContainsFunc(m.columns(), func(o Column) bool { return o.Name == c.Name }):
			f.fail("column %q is filled by the gateway; take it out of MESSAGE_FIELDS", c.Name)
		case slices.ContainsFunc(found, func(o FieldColumn) bool { return o.Column.Name == c.Name }):
			f.fail("column %q is twice in MESSAGE_FIELDS", c.Name)
		case c.generated, c.made && c.fallback == "":
			f.fail("column %q is filled by the database; take it out of MESSAGE_FIELDS", c.Name)
		case c.kind == kindOther:
			f.fail("column %q is %s; MESSAGE_FIELDS fills texts, enums, numbers, booleans, uuids, JSON and times", c.Name, c.Type)
		}
		if f.err != nil {
			return nil
		}
		found = append(found, FieldColumn{w.Key, *c})
	}
	return found
}

// bounded has columns whose values may be large read back only while they are small, but for fields, which are bounded when they come.
func (m *Mapping) bounded(columns []Column) []Column {
	columns = slices.Clone(columns)
	for i, c := range columns {
		if c.large && !m.isField(c.Name) {
			columns[i].print = unlessLarge(c.print)
		}
	}
	return columns
}

// times are the columns of times that an insert fills, whatever they are for.
func (m *Mapping) times() []*Column {
	list := slices.DeleteFunc([]*Column{m.CreatedAt, m.UpdatedAt}, func(c *Column) bool { return c == nil })
	for i := range m.Fields {
		if c := &m.Fields[i].Column; c.kind == kindTime {
			list = append(list, c)
		}
	}
	return list
}

// orDefault is SQL for what a column holds, of a value that may be NULL.
func (c Column) orDefault(value string) string {
	if c.fallback == "" {
		return value
	}
	return "coalesce(" + value + ", " + c.fallback + ")"
}

// takeFields gives what a client said as the columns hold it. The error is a message.Misfit.
func (m *Mapping) takeFields(said []json.RawMessage) ([]*string, error) {
	if len(m.Fields) == 0 || m.Database == database.None {
		return nil, nil
	}
	held := make([]*string, len(m.Fields))
	for i, f := range m.Fields {
		var value json.RawMessage
		if i < len(said) {
			value = said[i]
		}
		if value == nil {
			if f.Column.mustBeFilled() {
				return nil, f.misfit(f.Column.takes() + ", and must be there")
			}
			continue
		}
		text, takes := f.Column.take(value)
		if takes != "" {
			return nil, f.misfit(takes)
		}
		held[i] = &text
	}
	return held, nil
}

func (f FieldColumn) misfit(takes string) error {
	return &refusal{"rejected", &message.Misfit{Key: f.Key, Takes: takes}, message.ErrRejected, f.Column.Name}
}

// refersToNothing makes a message.Misfit of a refusal if a client gave an id that no row has for a column of MESSAGE_FIELDS. It returns other
// refusals as they are.
func (m *Mapping) refersToNothing(err error, at Blame) error {
	for _, f := range m.Fields {
		if at.RefersTo != "" && at.Column == f.Column.Name {
			return f.misfit("the id of something that is there")
		}
	}
	return err
}

// takes says what suits a column.
func (c Column) takes() string {
	switch c.kind {
	case kindInteger:
		return "an integer"
	case kindNumber:
		return "a number"
	case kindUUID:
		return "a uuid"
	case kindBool:
		return "true or false"
	case kindEnum:
		return "one of " + strings.Join(c.labels, ", ")
	case kindTime:
		return "a time, as ISO 8601 or in milliseconds"
	case kindJSON:
		return "JSON without NUL and exponents"
	}
	return "a text"
}

// take gives a client's value as text that the database reads as the column's type, or says what the column takes.
func (c Column) take(value json.RawMessage) (held, takes string) {
	if c.kind == kindJSON {
		return takeJSON(value, c.takes())
	}
	said, ok := rawjson.Scalar(value)
	if value[0] == 't' || value[0] == 'f' {
		said, ok = string(value), c.kind == kindBool || c.kind == kindText
	}
	if !ok {
		return "", c.takes()
	}
	switch c.kind {
	case kindBool:
		held, ok = map[string]string{"true": "1", "false": "0"}[said]
	case kindEnum:
		held, ok = c.label(said)
	case kindNumber:
		n, err := strconv.ParseFloat(said, 64)
		held, ok = strconv.FormatFloat(n, 'g', -1, 64), err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
	case kindTime:
		held, ok = c.time(said)
	default:
		return c.hold(said)
	}
	if !ok {
		return "", c.takes()
	}
	return held, ""
}

// takeJSON gives JSON as every database takes it: Postgres refuses NUL and halves of surrogates, and prints an exponent as so many digits,
// so that a short message could fill the queues of a room.
func takeJSON(value json.RawMessage, takes string) (string, string) {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		return "", takes
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(decoded); err != nil || hasExponent(decoded) || bytes.Contains(out.Bytes(), []byte(`\u0000`)) {
		return "", takes
	}
	return strings.TrimSuffix(out.String(), "\n"), ""
}

func hasExponent(decoded any) bool {
	switch v := decoded.(type) {
	case json.Number:
		return strings.ContainsAny(v.String(), "eE")
	case []any:
		return slices.ContainsFunc(v, hasExponent)
	case map[string]any:
		for _, held := range v {
			if hasExponent(held) {
				return true
			}
		}
	}
	return false
}

// label finds an enum's value by its name, in whatever case.
func (c Column) label(said string) (string, bool) {
	if slices.Contains(c.labels, said) {
		return said, true
	}
	i := slices.IndexFunc(c.labels, func(l string) bool { return strings.EqualFold(l, said) })
	if i < 0 {
		return "", false
	}
	return c.labels[i], true
}

// time reads what JavaScript prints of a Date, or its getTime().
func (c Column) time(said string) (string, bool) {
	at, ok := time.Time{}, false
	if milli, err := strconv.ParseInt(said, 10, 64); err == nil {
		at, ok = time.UnixMilli(milli), true
	}
	for _, form := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(form, said); err == nil {
			at, ok = t, true
		}
	}
	at = at.UTC()
	if year := at.Year(); !ok || year < 1 || year > 9999 {
		return "", false
	}
	return c.times.print(at), true
}

// exampleFields are what a trial says where something must be said.
func (m *Mapping) exampleFields() (fields []json.RawMessage) {
	for _, f := range m.Fields {
		if !f.Column.mustBeFilled() {
			fields = append(fields, nil)
			continue
		}
		fields = append(fields, f.Column.exampleJSON())
	}
	return fields
}

func (c Column) exampleJSON() json.RawMessage {
	switch c.kind {
	case kindNumber:
		return json.RawMessage("0")
	case kindBool:
		return json.RawMessage("false")
	case kindTime:
		return json.RawMessage("0")
	case kindJSON:
		return json.RawMessage("{}")
	case kindEnum:
		return rawjson.Quote(c.labels[0])
	}
	return rawjson.Quote(c.example())
}

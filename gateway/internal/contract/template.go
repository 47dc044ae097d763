package contract

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Template is JSON with places for values, by which an app says in which shape its clients expect what they are told:
//
//	{"message": $row}   {...$row, "_id": $row.id}   {"sender": {"_id": $row.userId, "name": $row.user.username}}
//
// A place is the name of a value, or a path into it; what is not there is null. With ... before it, the fields of the value stand
// among those of the object. A key that follows says it anew: of two, JSON.parse takes the last. A Template does not change and may
// be shared. A nil one changes nothing.
type Template struct {
	parts  []templatePart
	fixed  int // bytes that are not places
	weight int // how often one value may stand there, at most
}

// templatePart is text, and a place behind it unless the value has no name.
type templatePart struct {
	text   string
	value  string
	path   []string
	spread bool
}

// maxTemplate and maxWeight bound what a template makes of a message.
const (
	maxTemplate = 4096
	maxWeight   = 4
)

// ParseTemplate reads a template in which these values have places. The error says what to write instead.
func ParseTemplate(text string, values ...string) (*Template, error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("it is longer than %d bytes", maxTemplate)
	}
	t := new(Template)
	begin, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '$':
			path, end := placeAt(text, i+1)
			if !slices.Contains(values, path[0]) {
				if quoted {
					continue
				}
				return nil, fmt.Errorf("$%s is none of $%s", path[0], strings.Join(values, ", $"))
			}
			if quoted {
				return nil, fmt.Errorf("$%s stands in quotation marks: values bring their own", path[0])
			}
			before, spread := strings.CutSuffix(text[begin:i], "...")
			if spread && (len(path) > 1 || path[0] != "row") {
				return nil, fmt.Errorf("...$%s can't be spread: only a whole $row can", strings.Join(path, "."))
			}
			t.parts = append(t.parts, templatePart{before, path[0], path[1:], spread})
			i, begin = end-1, end
		}
	}
	t.parts = append(t.parts, templatePart{text: text[begin:]})
	for _, p := range t.parts {
		t.fixed += len(p.text)
	}
	return t, t.check()
}

// placeAt reads a name and a path behind it.
func placeAt(text string, i int) (path []string, end int) {
	for {
		begin := i
		for i < len(text) && inName(text[i]) {
			i++
		}
		path = append(path, text[begin:i])
		if i+1 >= len(text) || text[i] != '.' || !inName(text[i+1]) {
			return path, i
		}
		i++
	}
}

func inName(c byte) bool {
	return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
}

// check tries a template on a sample, in which every value is one that may stand nowhere but where a value may.
func (t *Template) check() error {
	var sample []byte
	seen := map[string]int{}
	whole := 0
	for _, p := range t.parts {
		sample = append(sample, p.text...)
		switch {
		case p.value == "":
			continue
		case p.spread:
			sample = append(sample, `"a":null`...)
		default:
			sample = append(sample, "null"...)
		}
		if len(p.path) == 0 {
			whole++
		} else {
			seen[p.path[0]]++
		}
	}
	for _, n := range seen {
		t.weight = max(t.weight, n)
	}
	t.weight += whole
	switch {
	case len(t.parts) == 1:
		return fmt.Errorf("there is no place for a value; in a .env file a $ is written \\$")
	case !json.Valid(sample):
		return fmt.Errorf("it is no JSON: with null for a value it reads %s", sample)
	case t.weight > maxWeight:
		return fmt.Errorf("one value stands more than %d times", maxWeight)
	}
	return nil
}

// Size is at most how many bytes come of values that have so many in all.
func (t *Template) Size(values int) int {
	if t == nil {
		return values
	}
	return t.fixed + t.weight*values + len("null")*len(t.parts)
}

func (t *Template) has(value string) bool {
	return slices.ContainsFunc(t.parts, func(p templatePart) bool { return p.value == value })
}

// Row is a stored message in that shape.
func (t *Template) Row(row json.RawMessage) json.RawMessage {
	if t == nil {
		return row
	}
	return t.fill(Object{{"row", row}})
}

// Rows are stored messages of a room, each in its shape already, by a template of $rows and $room. Nil is their list. A room without a name, of
// messages to one person, is null.
func (t *Template) Rows(rows []json.RawMessage, room string) json.RawMessage {
	size := len("[]")
	for _, row := range rows {
		size += len(row) + 1
	}
	list := append(make([]byte, 0, size), '[')
	for i, row := range rows {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, row...)
	}
	list = append(list, ']')
	if t == nil {
		return list
	}
	name := json.RawMessage("null")
	if room != "" {
		name = rawjson.Quote(room)
	}
	return t.fill(Object{{"rows", list}, {"room", name}})
}

// Room is how many bytes $rows may have where all may have limit, and the room's name has so many.
func (t *Template) Room(limit, name int) int {
	if t == nil {
		return limit
	}
	return max(0, limit-t.fixed-t.weight*(6*name+len(`""`))) / max(1, t.weight)
}

func (t *Template) fill(values Object) json.RawMessage {
	size := t.fixed
	for _, v := range values {
		size += len(v.Value)
	}
	b := make([]byte, 0, size)
	parsed := map[string]Object{}
	for _, p := range t.parts {
		b = append(b, p.text...)
		if p.value == "" {
			continue
		}
		value := values.Get(p.value)
		if len(p.path) > 0 {
			if parsed[p.value] == nil {
				parsed[p.value], _ = parseTold(value)
			}
			value = parsed[p.value].at(p.path)
		}
		if p.spread {
			value = fieldsOf(value)
		}
		b = append(b, value...)
	}
	return b
}

// at follows a path into an object.
func (o Object) at(path []string) json.RawMessage {
	value := o.Get(path[0])
	for _, key := range path[1:] {
		inner, _ := parseTold(value)
		value = inner.Get(key)
	}
	if value == nil {
		return json.RawMessage("null")
	}
	return value
}

// parseTold reads an object that the gateway itself has put together: it may have more keys than a client's.
func parseTold(data json.RawMessage) (Object, bool) {
	if len(data) == 0 || data[0] != '{' {
		return nil, false
	}
	o := make(Object, 0, usualFields)
	key, isKey := "", true
	for part := range rawjson.Elements(data) {
		if isKey {
			key, _ = rawjson.Unquote(part)
		} else {
			o = append(o, Field{key, part})
		}
		isKey = !isKey
	}
	return o, true
}

// fieldsOf returns what stands between the braces of an object that the gateway has put together. Of one without fields comes one
// that is harmless, since a comma may follow.
func fieldsOf(object json.RawMessage) json.RawMessage {
	if len(object) <= len("{}") || object[0] != '{' {
		return json.RawMessage(`"":null`)
	}
	return object[1 : len(object)-1]
}

// RowValues, MemberValues and HistoryValues are what has a place in the shapes of a message and its ack, of a list of members, and of the latest
// messages.
var (
	RowValues    = []string{"row"}
	MemberValues = []string{"members", "ids", "count", "room"}

	HistoryValues = []string{"rows", "room"}
)

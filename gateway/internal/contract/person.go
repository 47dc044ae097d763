package contract

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Person is a verified user, as rooms are told of them. It never changes.
type Person struct {
	ID       string
	IDJSON   json.RawMessage // as the token had it: a string, or a number
	Name     string
	NameJSON json.RawMessage
}

// NewPerson returns a person of that id, which idJSON is as JSON (nil is a string), and name.
func NewPerson(id string, idJSON json.RawMessage, name string) *Person {
	if idJSON == nil {
		idJSON = rawjson.Quote(id)
	}
	return &Person{ID: id, IDJSON: idJSON, Name: name, NameJSON: rawjson.Quote(name)}
}

// instead returns the person in the form of a claim: an object for an object, a list of one for a list, the id
// where the claim is the id, and the name otherwise.
func (p *Person) instead(claim json.RawMessage) json.RawMessage {
	switch claim[0] {
	case '{':
		return p.Whole()
	case '[':
		one := p.IDJSON
		if first := bytes.TrimSpace(claim[1:]); first[0] == '{' {
			one = p.Whole()
		}
		return slices.Concat([]byte{'['}, one, []byte{']'})
	}
	if id, ok := rawjson.Scalar(claim); ok && id == p.ID {
		return p.IDJSON
	}
	return p.NameJSON
}

// Whole returns all that is known of the person, under the names that apps have for it.
func (p *Person) Whole() json.RawMessage {
	return Object{{"id", p.IDJSON}, {"userId", p.IDJSON}, {"username", p.NameJSON}, {"name", p.NameJSON}}.Encode()
}

package cluster

import (
	"cmp"
	"encoding/json"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// encodePerson makes the value of a field: [id, name], with the id as the token had it.
func encodePerson(p *contract.Person) string {
	b := make([]byte, 0, len(p.IDJSON)+len(p.NameJSON)+3)
	b = append(append(append(b, '['), p.IDJSON...), ',')
	return string(append(append(b, p.NameJSON...), ']'))
}

// decodePerson reads a value. Where nobody can, the person goes by the id: the count of members must be right all the same.
func decodePerson(c change) *contract.Person {
	if c.loaded {
		return nil
	}
	value := cmp.Or(c.value, c.before)
	var parts []json.RawMessage
	var name string
	if json.Unmarshal([]byte(value), &parts) == nil && len(parts) == 2 && json.Unmarshal(parts[1], &name) == nil {
		if id, ok := rawjson.Scalar(parts[0]); ok && id == c.user {
			return contract.NewPerson(c.user, parts[0], name)
		}
	}
	return contract.NewPerson(c.user, rawjson.Quote(c.user), c.user)
}

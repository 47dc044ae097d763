package contract

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// maxOutlined is how many keys an outline names: more than the messages of apps have.
const maxOutlined = 16

// keyName is what programs call a key. What people write, and ids as a rule, are longer or begin otherwise.
var keyName = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_-]{0,29}$`)

// Outline tells a log what a payload looks like: of an object the names of its keys and the types of their values, of
// anything else its type. It never has a value, nor a key that looks like data, and is short.
func Outline(payload json.RawMessage) string {
	if len(payload) > 0 && payload[0] != '{' {
		return typeOf(payload)
	}
	o, ok := ParseObject(payload)
	if !ok {
		return fmt.Sprintf("an object of more than %d keys", maxFields)
	}
	var named []string
	for _, f := range o {
		if len(named) < maxOutlined && keyName.MatchString(f.Key) && !strings.HasPrefix(f.Key, "eyJ") {
			named = append(named, f.Key+":"+typeOf(f.Value))
		}
	}
	if others := len(o) - len(named); others > 0 {
		named = append(named, fmt.Sprintf("and %d more", others))
	}
	return "{" + strings.Join(named, " ") + "}"
}

// typeOf names the type of a JSON value.
func typeOf(v json.RawMessage) string {
	switch v[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

package config

import (
	"regexp"
	"slices"
	"strings"
)

// A Field is a column of the message table that a key of clients' messages fills.
type Field struct{ Key, Column string }

// Fields are all of them, each key once.
type Fields []Field

// Decode reads the form of MESSAGE_FIELDS; envconfig calls it.
func (f *Fields) Decode(value string) error {
	var fields Fields
	for _, item := range strings.Split(value, ",") {
		key, column, renamed := strings.Cut(item, "=")
		field := Field{strings.TrimSpace(key), strings.TrimSpace(column)}
		if !renamed {
			field.Column = field.Key
		}
		switch {
		case !fieldName.MatchString(field.Key), field.Column == "":
			return hint("%q is neither a column nor key=column", strings.TrimSpace(item))
		case slices.ContainsFunc(fields, func(o Field) bool { return strings.EqualFold(o.Key, field.Key) }):
			return hint("%q is there twice", field.Key)
		}
		fields = append(fields, field)
	}
	*f = fields
	return nil
}

// fieldName is what a key of a message may be called that is looked for in every message.
var fieldName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,31}$`)

package config

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

// A variable is a field of Config that is set from the environment.
type variable struct {
	name  string // without prefix
	field int
	typ   reflect.Type
	tag   reflect.StructTag
}

var variables = func() []variable {
	var all []variable
	for i, t := 0, reflect.TypeFor[Config](); i < t.NumField(); i++ {
		f := t.Field(i)
		if name := f.Tag.Get("envconfig"); name != "" {
			all = append(all, variable{name: name, field: i, typ: f.Type, tag: f.Tag})
		}
	}
	return all
}()

// value is what a configuration has for a variable.
func (c *Config) value(v variable) any { return reflect.ValueOf(c).Elem().Field(v.field).Interface() }

// want says what v should hold, as the end of the sentence "it should hold …".
func (v variable) want() string {
	if choices := v.choices(); len(choices) > 0 {
		last := len(choices) - 1
		if last == 0 {
			return choices[0]
		}
		return strings.Join(choices[:last], ", ") + " or " + choices[last]
	}
	low, high := v.tag.Get("min"), v.tag.Get("max")
	switch {
	case low == "":
		return v.tag.Get("want")
	case v.isDuration():
		return "a time from " + low + " to " + high + ", such as " + v.tag.Get("default") + " (a bare number is milliseconds)"
	default:
		return "a whole number from " + low + " to " + high
	}
}

func (v variable) choices() []string { return strings.Fields(v.tag.Get("oneof")) }

func (v variable) isDuration() bool { return v.typ == reflect.TypeFor[time.Duration]() }

// known tells whether name, without prefix, is a variable of the gateway.
func known(name string) bool {
	return slices.ContainsFunc(variables, func(v variable) bool { return v.name == name })
}

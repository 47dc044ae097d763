package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Faults is the error of [Load]: one line for each thing to fix, naming the variable, what it holds (secrets hidden)
// and what it should hold.
type Faults []string

// Error gives all lines.
func (f Faults) Error() string { return strings.Join(f, "\n") }

// About tells whether one of the variables, by bare names, is at fault, or a file that may hold them.
func (f Faults) About(names ...string) bool {
	return slices.ContainsFunc(f, func(line string) bool {
		name, _, _ := strings.Cut(line, " ")
		return strings.HasPrefix(name, ".env") || slices.Contains(names, strings.TrimPrefix(name, prefix+"_"))
	})
}

func (f Faults) orNil() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// A detail is an error whose text may stand in a fault. Others may repeat the value.
type detail string

func (d detail) Error() string { return string(d) }

func hint(format string, args ...any) error { return detail(fmt.Sprintf(format, args...)) }

// A report gathers faults, at most one for each variable.
type report struct {
	env   environment
	rules Rules
	lines map[string]string // by bare name
}

func newReport(env environment, rules Rules) *report {
	return &report{env: env, rules: rules, lines: map[string]string{}}
}

// has tells whether all is said about one of the named variables already: what it holds is then not to be relied on.
func (r *report) has(names ...string) bool {
	for _, name := range names {
		if r.lines[name] != "" {
			return true
		}
	}
	return false
}

// add notes that a variable is not what it should be. Why goes into the line if it is a hint.
func (r *report) add(name string, why error) {
	if r.has(name) {
		return
	}
	for _, v := range variables {
		if v.name == name {
			r.lines[name] = r.line(v, why)
		}
	}
}

func (r *report) line(v variable, why error) string {
	key, s, ok := r.env.lookup(v.name)
	if s.file != "" {
		key += " (in " + s.file + ")"
	}
	reason := ""
	if ok && isQuoted(s.value) { // whatever else is wrong with it comes from that
		reason = ", where the quotes are part of the value"
	} else if d, isHint := why.(detail); isHint {
		reason = ", " + string(d)
	}
	holds := "holds " + v.show(s.value)
	if standard := v.tag.Get("default"); !ok && standard != "" {
		holds = "is " + standard + " by default"
	} else if !ok {
		holds = "is not set"
	}
	return fmt.Sprintf("%s %s%s; it should hold %s", key, holds, reason, v.want())
}

// show gives the value as a fault may repeat it: in one line, of bearable length, and without secrets.
func (v variable) show(value string) string {
	const longest = 100
	switch v.typ {
	case reflect.TypeFor[Secret](), reflect.TypeFor[Secrets]():
		return Secret(value).String()
	case reflect.TypeFor[DatabaseURL]():
		return DatabaseURL(strings.TrimSpace(value)).String()
	}
	if len(value) > longest {
		return fmt.Sprintf("%q…", value[:longest])
	}
	return fmt.Sprintf("%q", value)
}

// inOrder gives the lines in the order of the table.
func (r *report) inOrder() Faults {
	var faults Faults
	for _, v := range variables {
		if line := r.lines[v.name]; line != "" {
			faults = append(faults, line)
		}
	}
	return faults
}

func isQuoted(s string) bool {
	s = strings.TrimSpace(s)
	return len(s) >= 2 && strings.ContainsRune(`"'`, rune(s[0])) && s[0] == s[len(s)-1]
}

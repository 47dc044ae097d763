package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// tableLines returns the lines of the page that belong to tables.
func tableLines(t *testing.T) []string {
	t.Helper()
	var out strings.Builder
	if err := WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "|") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

func TestTableListsEveryFieldOnce(t *testing.T) {
	t.Parallel()
	lines := tableLines(t)
	fields := reflect.TypeFor[Config]()
	if want := 2*len(sections()) + fields.NumField() - 2; len(lines) != want { // heads and rules, and all fields but Production and Warnings
		t.Errorf("%d lines for %d fields, want %d", len(lines), fields.NumField(), want)
	}
	seen := map[string]int{}
	head := strings.Split(lines[0], " | ")
	for _, line := range lines {
		cells := strings.Split(line, " | ")
		if len(cells) != 3 || strings.Count(line, "|") != 4 {
			t.Errorf("not three cells: %s", line)
			continue
		}
		if utf8.RuneCountInString(cells[0]) != utf8.RuneCountInString(head[0]) || utf8.RuneCountInString(cells[1]) != utf8.RuneCountInString(head[1]) {
			t.Errorf("not in line: %s", line)
		}
		for _, cell := range cells {
			if strings.Trim(cell, " |") == "" {
				t.Errorf("an empty cell: %s", line)
			}
		}
		seen[strings.Trim(cells[0], " |")]++
	}
	for _, v := range variables {
		if seen[v.name] != 1 {
			t.Errorf("%s is in the table %d times", v.name, seen[v.name])
		}
	}
}

func TestTenVariablesComeBeforeTheOthers(t *testing.T) {
	t.Parallel()
	lines := tableLines(t)
	if len(first) != 10 {
		t.Fatalf("%d variables come first", len(first))
	}
	for i, name := range first {
		if line := lines[2+i]; !strings.HasPrefix(line, "| "+name+" ") {
			t.Errorf("in the place of %s: %s", name, line)
		}
	}
}

func TestEveryVariableHasATopicOfSomeSize(t *testing.T) {
	t.Parallel()
	if variables[0].tag.Get("topic") == "" {
		t.Error("the first field has no topic")
	}
	titles := map[string]bool{}
	for _, s := range sections() {
		if titles[s.title] {
			t.Errorf("%q is there twice", s.title)
		}
		titles[s.title] = true
		if n := len(s.rows) - 2; n < 2 || n > 12 {
			t.Errorf("%q has %d variables", s.title, n)
		}
	}
}

func TestFieldsAreNamedLikeTheirVariables(t *testing.T) {
	t.Parallel()
	fields := reflect.TypeFor[Config]()
	for _, v := range variables {
		if field := fields.Field(v.field).Name; !strings.EqualFold(field, strings.ReplaceAll(v.name, "_", "")) {
			t.Errorf("%s is in the field %s", v.name, field)
		}
	}
}

func TestTagsAreSound(t *testing.T) {
	t.Parallel()
	for _, v := range variables {
		if (v.tag.Get("default") == "") == (v.tag.Get("unset") == "") {
			t.Errorf("%s: exactly one of default and unset should be there", v.name)
		}
		if desc := v.tag.Get("desc"); desc == "" || len(desc) > 150 {
			t.Errorf("%s: a meaning of %d bytes", v.name, len(desc))
		}
		for _, choice := range v.choices() {
			if !strings.Contains(v.tag.Get("desc"), choice) {
				t.Errorf("%s: its meaning does not mention %s", v.name, choice)
			}
		}
		isNumber := v.typ == reflect.TypeFor[int]() || v.typ == reflect.TypeFor[time.Duration]()
		low, high, bounded := v.bounds()
		if isNumber != bounded || bounded && low >= high {
			t.Errorf("%s: from %d to %d", v.name, low, high)
		}
		if unset := v.tag.Get("unset"); v.want() == "" && unset != "found by looking" {
			t.Errorf("%s: a fault would not say what it should hold", v.name)
		}
	}
	if _, faults := parse(environment{}, ruled); len(faults) != 3 { // the required ones
		t.Errorf("the defaults have faults of their own: %v", faults)
	}
}

func TestTableTellsWhenItCannotBeWritten(t *testing.T) {
	t.Parallel()
	if err := WriteTable(brokenPipe{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}

var errBroken = errors.New("broken pipe")

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errBroken }

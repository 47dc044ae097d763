package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestTableListsEveryField(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	fields := reflect.TypeFor[Config]()
	if len(lines) != 2+fields.NumField()-1 { // head and rule, and all fields but Warnings
		t.Errorf("%d lines for %d fields", len(lines), fields.NumField())
	}
	head := strings.Split(lines[0], " | ")
	for _, line := range lines {
		cells := strings.Split(line, " | ")
		if len(cells) != 3 || strings.Count(line, "|") != 4 {
			t.Errorf("not three cells: %s", line)
			continue
		}
		if len(cells[0]) != len(head[0]) || len(cells[1]) != len(head[1]) {
			t.Errorf("not in line: %s", line)
		}
		for _, cell := range cells {
			if strings.Trim(cell, " |") == "" {
				t.Errorf("an empty cell: %s", line)
			}
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

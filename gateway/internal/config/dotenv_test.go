package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// What @next/env made of each. gateway/e2e/dotenv.test.js asks it anew, on many more lines.
func TestValuesAreWhatNextMakesOfThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"A=ab#cd":                           "ab",
		"A='ab#cd' # why":                   "ab#cd",
		"A='a$b'":                           "a",
		"A=a$b":                             "a",
		`A=a\$b`:                            "a$b",
		"A=${X:-d}":                         "d",
		"A=${BELOW}\nBELOW='it is'":         "it is",
		"A=`it's \"so\"`":                   `it's "so"`,
		"\ufeffA=x":                         "x",
		"foreign line\nA=x\nanother":        "x",
		"A=\"one\ntwo\"":                    "one\ntwo",
		`A="one\ntwo"`:                      "one\ntwo",
		`A='one\ntwo'`:                      `one\ntwo`,
		"export A=x\r\n":                    "x",
		"A: x":                              "x",
		"  A  =  x  ":                       "x",
		"A=\n'next line'":                   "next line",
		"A=":                                "",
		"A='x' y":                           "'x' y",
		"A='x\nA=y":                         "y",
		`A='it\'s'`:                         `it\'s`,
		"A=$PROCESS/$PROCESS":               "p/p",
		"A=first\nA=last":                   "last",
		"A=$B-cost$\nB=x":                   "$B-cost$",
		"A=$$B\nB=x":                        "",
		"A=${B\nB=x":                        "x",
		"A='x'\u2028B=1":                    "x",
		"A=x\u2028y":                        "x\u2028y",
		"TAKEN=b$\nA=$TAKEN":                "t",
		"A=${EMPTY:-d}":                     "d",
		"B=$&$$\nA=<$B>":                    "<$B$>",
		"A=\xff\xe2\x82z":                   "\ufffd\ufffdz",
		"NOT_UTF8=\xe9\nA=$NOT_UTF8":        "\ufffd",
		"# A=x\n#A=y\nA=z#":                 "z",
		"A=x\x00y":                          "x",
		"A=https://h/?a=1&b=2 # not a part": "https://h/?a=1&b=2",
	} {
		m := merge{env: environment{}, process: map[string]string{"PROCESS": "p", "TAKEN": "t", "EMPTY": ""}}
		m.add(".env", []byte(text))
		if got := m.env["A"].value; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A variable that the process and a file have is the process's, but its references are replaced all the same.
func TestAVariableOfTheProcessIsExpandedIfAFileHasItToo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, ".env", "A=file\n")
	process := []string{"A=a$b", "B=a$b"}
	want := map[string]string{"A": "a", "B": "a$b"}
	if got := ReadEnvironment(dir, process); !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzDotenv(f *testing.F) {
	for _, text := range []string{"", "A=b", "export A = 'b' # c", "A=\"b\nc\\\"d\"", "A=`b`\r\n\r\nB: c", "A=$B${C:-d}$$\\$", "A=$A", "A\n=\n\n'b'\n#", "\ufeffA=\u2028'b'\u2029c", "A='\\'\\'b\nC='"} {
		f.Add([]byte(text), "p$A")
	}
	f.Fuzz(func(t *testing.T, file []byte, own string) {
		text := decodeUTF8(file)
		if !utf8.ValidString(text) {
			t.Fatalf("%q is no UTF-8", text)
		}
		set, foreign := parseDotenv(text)
		last := 0
		for _, a := range set {
			if a.key == "" || a.line < last || strings.ContainsFunc(a.key, isSpace) || slices.Contains(foreign, a.line) && a.line == last {
				t.Errorf("%q: assignment %+v after line %d, passed over %d", text, a, last, foreign)
			}
			last = a.line
		}
		again, sameForeign := parseDotenv(strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n", "\r\n"))
		if !reflect.DeepEqual(set, again) || !slices.Equal(foreign, sameForeign) {
			t.Errorf("%q reads differently with CRLF: %+v and %+v", text, set, again)
		}
		m := merge{env: environment{}, process: map[string]string{"OWN": own, "A": own}}
		m.add(".env", file)
		for key, s := range m.env {
			if strings.ContainsRune(s.value, 0) || m.process[key] != s.value {
				t.Errorf("%q: %s is %q in the one and %q in the other", text, key, s.value, m.process[key])
			}
		}
	})
}

package config

import (
	"cmp"
	"errors"
	"strings"
)

// Bounds of what one value may refer to. @next/env gives up too, when its stack is full after some ten thousand references.
const (
	mostReferences = 5000
	longestValue   = 1 << 17 // what Linux takes for one variable
)

var errEndless = errors.New("refers to itself, or to too much")

// An expansion replaces $NAME, ${NAME} and ${NAME:-default} in the values of one .env file as @next/env does (dotenv-expand 10),
// odd corners included: in single quotes too, the last reference first, and \$ is a dollar.
type expansion struct {
	process map[string]string // the process and the files before; what it has wins
	file    map[string]string // this file, of which earlier lines are expanded already
	// missing is told each reference that nothing defines, as it is written.
	missing func(reference string)
}

// expand returns the value, or errEndless.
func (e expansion) expand(value string) (string, error) {
	for range mostReferences {
		at := lastDollar(value)
		if at < 0 {
			return strings.ReplaceAll(value, `\$`, "$"), nil
		}
		r, ok := readReference(value[at:])
		if !ok { // what stands before it stays as it is, too
			return strings.ReplaceAll(value, `\$`, "$"), nil
		}
		// The first text that is written like it, which may be another one than that at at.
		before, after, _ := strings.Cut(value, r.text)
		value = before + substitute(e.lookup(r), before, r.text, after) + after
		if len(value) > longestValue {
			break
		}
	}
	return "", errEndless
}

func (e expansion) lookup(r reference) string {
	if _, inFile := e.file[r.name]; !inFile && r.fallback == "" {
		if _, inProcess := e.process[r.name]; !inProcess {
			e.missing(r.text)
		}
	}
	return cmp.Or(e.process[r.name], r.fallback, e.file[r.name])
}

// lastDollar finds the last $ that has no backslash before it, or -1.
func lastDollar(value string) int {
	for i := len(value) - 1; i >= 0; i-- {
		if value[i] == '$' && (i == 0 || value[i-1] != '\\') {
			return i
		}
	}
	return -1
}

type reference struct{ text, name, fallback string }

// readReference reads one at the beginning of text. Its braces need not match.
func readReference(text string) (r reference, ok bool) {
	at := 1
	if strings.HasPrefix(text[at:], "{") {
		at++
	}
	begin := at
	for at < len(text) && isWord(text[at]) {
		at++
	}
	if r.name = text[begin:at]; r.name == "" {
		return reference{}, false
	}
	if after, found := strings.CutPrefix(text[at:], ":-"); found {
		length := strings.IndexAny(after, `}\`)
		if length < 0 {
			length = len(after)
		}
		r.fallback = after[:length]
		at += len(":-") + length
	}
	if strings.HasPrefix(text[at:], "}") {
		at++
	}
	r.text = text[:at]
	return r, true
}

// substitute gives a replacement the meaning that it has for JavaScript's replace: $$ is a dollar, $& what is replaced, $` what
// stands before it and $' what stands behind it.
func substitute(replacement, before, replaced, after string) string {
	return strings.NewReplacer("$$", "$", "$&", replaced, "$`", before, "$'", after).Replace(replacement)
}

package rawjson

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

// MaxDepth is how many arrays and objects may stand in one another. People's data has a dozen levels. Receivers
// walk what they get by recursion, and official clients end at some thousands.
const MaxDepth = 100

// What Check refuses.
var (
	ErrSyntax = errors.New("not one JSON value in UTF-8")
	ErrDepth  = errors.New("JSON of more than 100 levels")
)

// What Check looks for next.
const (
	aValue = iota
	aValueOrEnd
	aKey
	aKeyOrEnd
	aCommaOrEnd
)

// Check returns nil for one JSON value in UTF-8 of at most MaxDepth levels, with or without white space around it;
// every other function of this package relies on that. It takes what encoding/json takes, but for the depth and for
// bytes that are not UTF-8. It reads data once, and remembers one byte for each level.
func Check(data []byte) error {
	if !utf8.Valid(data) {
		return ErrSyntax
	}
	var ends [MaxDepth]byte // how the arrays and objects that are open will end
	depth, expected := 0, aValue
	for i := skipSpace(data, 0); i < len(data); i = skipSpace(data, i) {
		c := data[i]
		switch {
		case (expected == aValueOrEnd || expected == aKeyOrEnd || expected == aCommaOrEnd && depth > 0) && c == ends[depth-1]:
			depth--
			i++
			expected = aCommaOrEnd
		case expected == aCommaOrEnd:
			if c != ',' || depth == 0 {
				return ErrSyntax
			}
			i++
			if expected = aValue; ends[depth-1] == '}' {
				expected = aKey
			}
		case expected == aKey || expected == aKeyOrEnd:
			key := stringEnd(data, i)
			colon := skipSpace(data, key)
			if key == i || colon == len(data) || data[colon] != ':' {
				return ErrSyntax
			}
			i = colon + 1
			expected = aValue
		case c == '[' || c == '{':
			if depth == MaxDepth {
				return ErrDepth
			}
			ends[depth] = c + 2 // in ASCII, both pairs are two apart
			depth++
			i++
			if expected = aValueOrEnd; c == '{' {
				expected = aKeyOrEnd
			}
		default:
			end := scalarEnd(data, i)
			if end == i {
				return ErrSyntax
			}
			i = end
			expected = aCommaOrEnd
		}
	}
	if expected != aCommaOrEnd || depth > 0 {
		return ErrSyntax
	}
	return nil
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\n' || data[i] == '\t' || data[i] == '\r') {
		i++
	}
	return i
}

// scalarEnd returns where the string, number or word ends that begins at i, or i when there is none. So do those that
// it asks.
func scalarEnd(data []byte, i int) int {
	switch data[i] {
	case '"':
		return stringEnd(data, i)
	case 't':
		return wordEnd(data, i, "true")
	case 'f':
		return wordEnd(data, i, "false")
	case 'n':
		return wordEnd(data, i, "null")
	}
	return numberEnd(data, i)
}

func wordEnd(data []byte, i int, word string) int {
	if !bytes.HasPrefix(data[i:], []byte(word)) {
		return i
	}
	return i + len(word)
}

func stringEnd(data []byte, start int) int {
	if data[start] != '"' {
		return start
	}
	for i := start + 1; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			return i + 1
		case c < ' ':
			return start
		case c == '\\':
			length := escapeLength(data[i:])
			if length == 0 {
				return start
			}
			i += length - 1
		}
	}
	return start
}

// escapeLength returns how long the escape is that data begins with, or 0 when it is none.
func escapeLength(data []byte) int {
	if len(data) < len(`\n`) {
		return 0
	}
	switch data[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return len(`\n`)
	case 'u':
		const length = len(`\u0000`)
		if len(data) < length {
			return 0
		}
		for _, c := range data[2:length] {
			if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
				return 0
			}
		}
		return length
	}
	return 0
}

func numberEnd(data []byte, start int) int {
	i := start
	if data[i] == '-' {
		i++
	}
	whole := digitsEnd(data, i)
	if whole == i || data[i] == '0' && whole > i+1 {
		return start
	}
	i = whole
	if i < len(data) && data[i] == '.' {
		fraction := digitsEnd(data, i+1)
		if fraction == i+1 {
			return start
		}
		i = fraction
	}
	if i < len(data) && (data[i] == 'e' || data[i] == 'E') {
		if i++; i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		exponent := digitsEnd(data, i)
		if exponent == i {
			return start
		}
		i = exponent
	}
	return i
}

func digitsEnd(data []byte, i int) int {
	for i < len(data) && isDigit(data[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

package config

import (
	"strings"
	"unicode/utf8"
)

// The .env files are read as @next/env reads them (dotenv 16.3 in Next.js 16), odd corners included, so that the gateway has the
// same secrets as the app, byte for byte. gateway/e2e/dotenv.test.js holds the two against each other. What it takes:
//
//	[export] NAME = value   # comment
//
// in "double", 'single' or `backtick` quotes, over several lines if need be, or without quotes up to a # or the end of the line.

// An assignment is what sets a variable in a .env file, before references to others are replaced.
type assignment struct {
	key, value string
	line       int // from 1
}

// parseDotenv returns the assignments of a file in order, and the numbers of the lines that it passes over because they are
// neither an assignment nor a comment.
func parseDotenv(text string) (set []assignment, foreign []int) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	line, counted := 1, 0
	for at := 0; at < len(text); {
		begin := skipSpace(text, at) // a BOM is space too
		line, counted = line+strings.Count(text[counted:begin], "\n"), begin
		a, end, ok := readAssignment(text, begin)
		if ok {
			a.line = line
			set = append(set, a)
			at = end
		} else {
			if begin < len(text) && text[begin] != '#' {
				foreign = append(foreign, line)
			}
			at = endOfLine(text, begin)
		}
		at = lineStart(text, at)
	}
	return set, foreign
}

// readAssignment reads one that begins at the key, or at export.
func readAssignment(text string, at int) (a assignment, end int, ok bool) {
	var value int
	if after, found := strings.CutPrefix(text[at:], "export"); found {
		afterExport := len(text) - len(after)
		if key := skipSpace(text, afterExport); key > afterExport {
			a.key, value, ok = readKey(text, key)
		}
	}
	if !ok { // export may be the key itself
		if a.key, value, ok = readKey(text, at); !ok {
			return assignment{}, 0, false
		}
	}
	raw, end := readValue(text, value)
	a.value = unquote(raw)
	return a, end, true
}

// readKey reads NAME= or "NAME: ", and returns where the value begins.
func readKey(text string, at int) (key string, value int, ok bool) {
	end := at
	for end < len(text) && (isWord(text[end]) || text[end] == '.' || text[end] == '-') {
		end++
	}
	if end == at {
		return "", 0, false
	}
	key = text[at:end]
	if equals := skipSpace(text, end); strings.HasPrefix(text[equals:], "=") {
		return key, equals + 1, true
	}
	if strings.HasPrefix(text[end:], ":") {
		if space := spaceAt(text, end+1); space > 0 {
			return key, end + 1 + space, true
		}
	}
	return "", 0, false
}

// readValue returns a value as it is written, quotes included, and where the assignment ends.
func readValue(text string, at int) (raw string, end int) {
	if open := skipSpace(text, at); open < len(text) && isQuote(text[open]) {
		for _, closed := range closings(text, open) {
			if end, ok := endOfAssignment(text, closed+1); ok {
				return text[at : closed+1], end
			}
		}
	}
	length := strings.IndexAny(text[at:], "#\n")
	if length < 0 {
		length = len(text) - at
	}
	end, ok := endOfAssignment(text, at+length)
	if !ok {
		end = at + length
	}
	return text[at : at+length], end
}

// closings lists which quotes may close the one at open, the preferred one first: the first without a backslash before it,
// then those with one, from the last.
func closings(text string, open int) []int {
	var all []int
	for i := open + 1; i < len(text); i++ {
		if text[i] != text[open] {
			continue
		}
		all = append([]int{i}, all...)
		if text[i-1] != '\\' {
			break
		}
	}
	return all
}

// endOfAssignment finds the end of the line, where only a comment may stand between, or lines of white space.
func endOfAssignment(text string, at int) (end int, ok bool) {
	end = skipSpace(text, at)
	switch {
	case end == len(text):
		return end, true
	case text[end] == '#':
		return endOfLine(text, end), true
	}
	last := strings.LastIndexFunc(text[at:end], isLineEnd)
	return at + last, last >= 0
}

// unquote takes away the quotes, and in double quotes makes line feeds of \n.
func unquote(raw string) string {
	raw = strings.TrimFunc(raw, isSpace)
	var b strings.Builder
	for at := 0; at < len(raw); {
		if isQuote(raw[at]) && isLineStart(raw, at) {
			if closed := lastClosing(raw, at); closed > 0 {
				b.WriteString(raw[at+1 : closed])
				at = closed + 1
				continue
			}
		}
		b.WriteByte(raw[at])
		at++
	}
	if strings.HasPrefix(raw, `"`) {
		value := strings.ReplaceAll(b.String(), `\n`, "\n")
		return strings.ReplaceAll(value, `\r`, "\r")
	}
	return b.String()
}

// lastClosing finds the last quote like the one at open that ends a line, or 0.
func lastClosing(text string, open int) int {
	for i := len(text) - 1; i > open; i-- {
		if text[i] == text[open] && isLineEndAt(text, i+1) {
			return i
		}
	}
	return 0
}

// lineStart finds the first beginning of a line from at on.
func lineStart(text string, at int) int {
	if isLineStart(text, at) {
		return at
	}
	end := endOfLine(text, at)
	_, size := utf8.DecodeRuneInString(text[end:])
	return end + size
}

func endOfLine(text string, at int) int {
	if length := strings.IndexFunc(text[at:], isLineEnd); length >= 0 {
		return at + length
	}
	return len(text)
}

func isLineStart(text string, at int) bool {
	before, size := utf8.DecodeLastRuneInString(text[:at])
	return size == 0 || isLineEnd(before)
}

func isLineEndAt(text string, at int) bool {
	after, size := utf8.DecodeRuneInString(text[at:])
	return size == 0 || isLineEnd(after)
}

func skipSpace(text string, at int) int {
	for {
		size := spaceAt(text, at)
		if size == 0 {
			return at
		}
		at += size
	}
}

// spaceAt returns the size of the white space character there, or 0.
func spaceAt(text string, at int) int {
	c, size := utf8.DecodeRuneInString(text[at:])
	if !isSpace(c) {
		return 0
	}
	return size
}

// isSpace is JavaScript's: without U+0085, and with the BOM.
func isSpace(c rune) bool {
	switch c {
	case '\t', '\n', '\v', '\f', '\r', ' ', 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff:
		return true
	}
	return c >= 0x2000 && c <= 0x200a
}

// isLineEnd is JavaScript's.
func isLineEnd(c rune) bool { return c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029 }

func isQuote(c byte) bool { return c == '\'' || c == '"' || c == '`' }

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

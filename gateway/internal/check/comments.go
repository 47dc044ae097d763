package check

import "strings"

// withoutComments leaves every line where it was. What looks like a comment in a text, as "/*" in the path of a route, is none, or all code up to the
// end of the next real one would be gone.
func withoutComments(text string) string {
	var code strings.Builder
	from := 0
	for at := 0; at < len(text); {
		end, is := commentAt(text, at)
		if !is {
			at = max(quotedEnd(text, at), at+1)
			continue
		}
		code.WriteString(text[from:at])
		code.WriteString(strings.Repeat("\n", strings.Count(text[at:end], "\n")))
		code.WriteByte(' ')
		at, from = end, end
	}
	code.WriteString(text[from:])
	return code.String()
}

// commentAt tells whether a comment begins there, and where it ends. Behind a colon it is an address, and behind a backslash a pattern.
func commentAt(text string, at int) (end int, is bool) {
	rest := text[at:]
	before := byte('\n')
	if at > 0 {
		before = text[at-1]
	}
	switch {
	case strings.HasPrefix(rest, "//") && strings.IndexByte(" \t\r\n;{}(),", before) >= 0:
		if n := strings.IndexByte(rest, '\n'); n >= 0 {
			return at + n, true
		}
		return len(text), true
	case strings.HasPrefix(rest, "/*") && before != '\\':
		if n := strings.Index(rest[2:], "*/"); n >= 0 {
			return at + n + 4, true
		}
	}
	return 0, false
}

// quotedEnd returns where a text ends that begins there, or 0: an apostrophe, as pages have it between their tags, has no other on its line.
func quotedEnd(text string, at int) int {
	quote := text[at]
	if quote != '"' && quote != '\'' && quote != '`' {
		return 0
	}
	for i := at + 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == quote:
			return i + 1
		case c == '\n' && quote != '`':
			return 0
		}
	}
	return 0
}

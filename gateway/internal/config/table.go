package config

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// first are the ten variables that an app needs to know before the others, in the order in which it meets them.
var first = []string{
	"JWT_SECRET", "TOKEN_COOKIE", "DATABASE_URL", "MESSAGE_ENCRYPTION_KEY", "MESSAGE_CIPHER",
	"ROOM_ACCESS_QUERY", "RELAY_EVENTS", "PORT", "ALLOWED_ORIGINS", "ADMIN_ADDR",
}

const pageHead = `# Variables

The gateway is configured by its environment. Each variable may carry the prefix ` + "`GATEWAY_`" + `, which wins over the bare
name. Values come from the environment, then from the ` + "`.env`" + ` files that Next.js reads, in its order (` + "`NODE_ENV`" + ` is
` + "`development`" + ` unless it is set). One that is blank counts as not set. The command ` + "`env`" + ` prints this page.

` + "`.env`" + ` files are read as Next.js 16 reads them, byte for byte: quotes, ` + "`#`, `export`" + `, several lines, ` + "`$NAME`, `${NAME:-default}`" + ` also
from the process and other files; a ` + "`$` itself is `\\$`" + `, in single quotes too. A line that is not understood is passed over, with a
warning that names file and line; a value that refers to itself costs its file, as in Next.js.

What stands in parentheses is no value, but says what happens without one.
`

// WriteTable writes every variable, its default and its meaning as a Markdown page: the ten that matter first, then the
// others by topic. It is gateway/docs/VARIABLES.md, byte for byte. All tables have columns of one width, so that they line
// up in a terminal too.
func WriteTable(w io.Writer) error {
	sections := sections()
	var width [2]int
	for _, s := range sections {
		for _, row := range s.rows {
			for i := range width {
				width[i] = max(width[i], utf8.RuneCountInString(row[i]))
			}
		}
	}
	var page strings.Builder
	page.WriteString(pageHead)
	for _, s := range sections {
		fmt.Fprintf(&page, "\n## %s\n\n", s.title)
		for _, row := range s.rows {
			fmt.Fprintf(&page, "| %-*s | %-*s | %s |\n", width[0], row[0], width[1], row[1], row[2])
		}
	}
	if _, err := io.WriteString(w, page.String()); err != nil {
		return fmt.Errorf("write table of variables: %w", err)
	}
	return nil
}

// section is one table of the page.
type section struct {
	title string
	rows  [][3]string
}

func newSection(title string) section {
	return section{title, [][3]string{{"Variable", "Default", "Meaning"}, {"---", "---", "---"}}}
}

func (s *section) add(v variable) {
	s.rows = append(s.rows, [3]string{v.name, v.shownDefault(), v.tag.Get("desc")})
}

// sections has each variable in one place.
func sections() []section {
	ten := newSection("The ten that matter first")
	for _, name := range first {
		ten.add(variables[slices.IndexFunc(variables, func(v variable) bool { return v.name == name })])
	}
	all := []section{ten}
	for _, v := range variables {
		if topic := v.tag.Get("topic"); topic != "" {
			all = append(all, newSection(topic))
		}
		if !slices.Contains(first, v.name) {
			all[len(all)-1].add(v)
		}
	}
	return all
}

func (v variable) shownDefault() string {
	if value := v.tag.Get("default"); value != "" {
		return value
	}
	return "(" + v.tag.Get("unset") + ")"
}

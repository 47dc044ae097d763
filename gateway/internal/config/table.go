package config

import (
	"fmt"
	"io"
	"unicode/utf8"
)

// WriteTable writes every variable, its default and its meaning as a Markdown table whose columns line up in a terminal
// too. What an unset variable means stands in parentheses where there is no default.
func WriteTable(w io.Writer) error {
	rows := [][3]string{{"Variable", "Default", "Meaning"}, {"---", "---", "---"}}
	for _, v := range variables {
		rows = append(rows, [3]string{v.name, v.shownDefault(), v.tag.Get("desc")})
	}
	var width [2]int
	for _, row := range rows {
		for i := range width {
			width[i] = max(width[i], utf8.RuneCountInString(row[i]))
		}
	}
	for _, row := range rows {
		if _, err := fmt.Fprintf(w, "| %-*s | %-*s | %s |\n", width[0], row[0], width[1], row[1], row[2]); err != nil {
			return fmt.Errorf("write table of variables: %w", err)
		}
	}
	return nil
}

func (v variable) shownDefault() string {
	if value := v.tag.Get("default"); value != "" {
		return value
	}
	return "(" + v.tag.Get("unset") + ")"
}

package chat

import (
	"slices"
	"strings"
	"unicode"
)

// spellings returns an event's name in snake, camel and kebab case, and as it is given.
func spellings(event string) []string {
	words := words(event)
	camel := ""
	for i, w := range words {
		if i > 0 {
			w = strings.ToUpper(w[:1]) + w[1:]
		}
		camel += w
	}
	all := []string{event, strings.Join(words, "_"), camel, strings.Join(words, "-")}
	slices.Sort(all)
	return slices.Compact(all)
}

// words splits a name in any of the spellings into its lower-case words.
func words(name string) []string {
	var b strings.Builder
	for _, c := range name {
		if unicode.IsUpper(c) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return strings.FieldsFunc(b.String(), func(c rune) bool { return c == '_' || c == '-' || c == ' ' })
}

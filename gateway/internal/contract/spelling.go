package contract

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Spellings returns an event's name in snake, camel and kebab case, and as it is given, each once.
func Spellings(event string) []string {
	words := Words(event)
	all := []string{event, strings.Join(words, "_"), camel(words), strings.Join(words, "-")}
	slices.Sort(all)
	return slices.Compact(all)
}

// Fold returns what all spellings of a name have in common: its words in lower case, without what parts them.
func Fold(name string) string { return strings.Join(Words(name), "") }

func camel(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			first, size := utf8.DecodeRuneInString(w)
			b.WriteRune(unicode.ToUpper(first))
			w = w[size:]
		}
		b.WriteString(w)
	}
	return b.String()
}

// Words splits a name in any of the spellings into its lower-case words.
func Words(name string) []string {
	var b strings.Builder
	for _, c := range name {
		if unicode.IsUpper(c) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return strings.FieldsFunc(b.String(), func(c rune) bool { return c == '_' || c == '-' || c == ' ' })
}

package check

import (
	"cmp"
	"regexp"
	"strings"
)

// constants are the texts that an app's code gives names, by these: ChatEvents.JOIN or JOIN_ROOM. Events are often called by them alone.
type constants map[string]string

var (
	// holdsTexts is an object or an enum, up to its brace.
	holdsTexts = regexp.MustCompile(`\b(?:const|enum)\s+(\w+)\s*(?::[^={\n]+)?=?\s*(?:Object\.freeze\(\s*)?(\{)`)
	// heldText is an entry of one: a text, or entries of its own.
	heldText = regexp.MustCompile("[\"']?([\\w:./-]+)[\"']?\\s*[:=]\\s*(?:[\"'`]([^\"'`$\\n]{1,60})[\"'`]|(\\{))")
	// loneText is a constant that other files may import; those in small letters are a file's own.
	loneText = regexp.MustCompile("\\bconst\\s+([A-Z][A-Z0-9_]+)\\s*(?::\\s*\\w+\\s*)?=\\s*[\"'`]([^\"'`$\\n]{1,60})[\"'`]")
	// ownText is one of a file's own.
	ownText = regexp.MustCompile("\\bconst\\s+(\\w+)\\s*(?::\\s*\\w+\\s*)?=\\s*[\"'`]([^\"'`$\\n]{1,60})[\"'`]")
	// named is an event by a name: .emit(ChatEvents.JOIN or .on(EVENTS["JOIN"]
	named = regexp.MustCompile(`(\.\s*(?:emit|emitWithAck|on|once)\s*(?:<[^>()]*>)?\(\s*|@SubscribeMessage\(\s*)([A-Za-z_]\w*(?:\??\.\w+|\[\s*["'][^"'\n]{1,60}["']\s*\])*)`)
	// backticked is one in the quotes of templates.
	backticked = regexp.MustCompile("(\\.\\s*(?:emit|emitWithAck|on|once)\\s*(?:<[^>()]*>)?\\(\\s*)`([^`$\\n]{1,60})`")
	brackets   = regexp.MustCompile(`\[\s*["']([^"'\n]+)["']\s*\]`)
)

// learn takes those of one file. Of two with one name the first stays.
func (c constants) learn(text string) {
	for _, at := range holdsTexts.FindAllStringSubmatchIndex(text, -1) {
		c.enter(text[at[2]:at[3]], inParentheses(text[at[4]:]))
	}
	for _, found := range loneText.FindAllStringSubmatch(text, -1) {
		note(c, found[1], found[2])
	}
}

// enter takes the entries of an object, and of the objects in it.
func (c constants) enter(of, entries string) {
	for {
		at := heldText.FindStringSubmatchIndex(entries)
		if at == nil {
			return
		}
		name, end := of+"."+entries[at[2]:at[3]], at[1]
		if at[6] >= 0 {
			inner := inParentheses(entries[at[6]:])
			c.enter(name, inner)
			end = at[6] + len(inner) + 1
		} else {
			note(c, name, entries[at[4]:at[5]])
		}
		entries = after(entries, end)
	}
}

// spell writes the events of a file out, whose lines stay where they are.
func (c constants) spell(text string) string {
	text = backticked.ReplaceAllString(text, `${1}"${2}"`)
	own := constants{}
	for _, found := range ownText.FindAllStringSubmatch(text, -1) {
		note(own, found[1], found[2])
	}
	return named.ReplaceAllStringFunc(text, func(call string) string {
		found := named.FindStringSubmatch(call)
		name := strings.ReplaceAll(brackets.ReplaceAllString(found[2], ".$1"), "?.", ".")
		if event := cmp.Or(own[name], c[name]); event != "" {
			return found[1] + `"` + event + `"`
		}
		return call
	})
}

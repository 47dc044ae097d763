package check

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// handling is what an app's own server does when a client sends an event.
type handling struct {
	event, file string
	line        int
	parameters  []string // by name
	takesApart  bool     // what came: ({ to, offer }) => …
	body        string
}

func (h handling) place() string { return h.event + " (" + h.where() + ")" }

// where is its file and line.
func (h handling) where() string { return h.file + ":" + strconv.Itoa(h.line) }

// placeIn is file and line of a byte of a file.
func placeIn(name, text string, at int) string { return name + ":" + strconv.Itoa(lineOf(text, at)) }

func lineOf(text string, at int) int { return 1 + strings.Count(text[:at], "\n") }

var (
	// onEvent is the beginning of one, and its group the event's name.
	onEvent = regexp.MustCompile("\\.\\s*on\\s*(?:<[^>()]*>)?(\\()\\s*[\"'`]([^\"'`$\\n]{1,60})[\"'`]\\s*,")
	// takes are the parameters of a function.
	takes = regexp.MustCompile(`^\s*(?:async\s*)?(?:function\s*\w*\s*)?(?:(\()|(\w+)\s*=>)`)
	// inServer is what a client's code does not do when it hears something.
	inServer = regexp.MustCompile(`(?i)\b(?:io|\w*socket|nsp)\b[\w.?]*\.\s*(?:to|in|broadcast|join)\b|\b(?:prisma|db|tx|pool|knex)\b\s*\.`)

	// changesRows is what no variable does.
	changesRows = regexp.MustCompile(`\b(?:prisma|db|tx|orm|knex|[A-Z]\w+)(?:\([^()]*\))?\s*(?:\.\s*\w+)?\s*\.\s*(?:update|delete|upsert|create|insert|updateMany|deleteMany|createMany|insertMany|updateOne|deleteOne|insertOne|findByIdAnd\w+|findOneAnd\w+|destroy)\s*\(` +
		"|[\"'`\\s](?i:UPDATE\\s+\\S+\\s+SET|DELETE\\s+FROM|INSERT\\s+INTO)\\b|\\.save\\(\\s*\\)" +
		`|\bawait\s+[\w.]*(?i:mark|edit|delete|remove|update|toggle|react|pin|store|save)\w*\(`)
)

// readHandlings takes those of one file, without its comments.
func (e *appEvents) readHandlings(name, text string, servers bool) {
	for _, at := range onEvent.FindAllStringSubmatchIndex(text, -1) {
		event, statement := text[at[4]:at[5]], statementBefore(text[:at[0]])
		if libraryEvents[event] || !receiver.MatchString(statement) {
			continue
		}
		rest := strings.TrimSpace(after(inParentheses(text[at[2]:]), at[1]-at[3]))
		if !servers && !inServer.MatchString(rest) {
			continue
		}
		parameters, takesApart := parametersOf(rest)
		e.handlings = append(e.handlings, handling{event, name, lineOf(text, at[0]), parameters, takesApart, rest})
	}
}

// parametersOf are the names of a function's parameters, and of what it takes out of them: ({ to, offer }, ack) has to, offer and ack.
func parametersOf(function string) (names []string, takesApart bool) {
	found := takes.FindStringSubmatchIndex(function)
	if found == nil {
		return nil, false
	}
	var list string
	if found[2] >= 0 {
		list = strings.TrimSpace(inParentheses(function[found[2]:]))
	} else {
		list = function[found[4]:found[5]]
	}
	for _, name := range strings.FieldsFunc(list, func(c rune) bool { return strings.ContainsRune(",{}", c) }) {
		if name = strings.TrimSpace(argumentsType.ReplaceAllString(name, "")); name != "" {
			names = append(names, name)
		}
	}
	return names, strings.HasPrefix(list, "{")
}

// inParentheses is what stands between the parenthesis that a text begins with and the one that closes it; at most so much of it.
func inParentheses(text string) string {
	const longest = 20_000
	text = text[1:min(len(text), longest)]
	depth, quote := 1, byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'' || c == '`':
			quote = c
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			if depth--; depth == 0 {
				return text[:i]
			}
		}
	}
	return text
}

// after is a text without its first bytes.
func after(text string, n int) string { return text[min(len(text), n):] }

// own is an event that only the app's own handlers can serve, and why.
type own struct{ event, line string }

// onlyOwn are those: what changes rows, and what tells clients something else than they have sent.
func (e appEvents) onlyOwn(by served) (all []own) {
	for _, event := range namesOf(e.in) {
		why := handling.beyond
		if r := e.roleOf(event, by); r == joins || r == leaves || r == sends || r == relays && by.relays(event) {
			why = handling.apart
		}
		for _, h := range e.handlingsOf(event) {
			if why := why(h); why != "" {
				all = append(all, own{event, h.place() + " " + why})
				break
			}
		}
	}
	return all
}

var (
	emitted = regexp.MustCompile("\\.\\s*emit\\(\\s*[\"'`]([^\"'`$\\n]{1,60})[\"'`]")
	// byServer is an event that a room hears with its sender.
	byServer = regexp.MustCompile("\\b(?:io|nsp|namespace|server)\\s*\\.\\s*(?:to|in)\\([^;]{0,120}?\\)\\s*\\.\\s*emit\\(\\s*[\"'`]([^\"'`$\\n]{1,60})[\"'`]")
)

// told are the events that a handling tells.
func (h handling) told() (names []string) {
	for _, found := range emitted.FindAllStringSubmatch(h.body, -1) {
		names = append(names, found[1])
	}
	return names
}

// echoes tells whether the server tells messages to their sender too.
func (e appEvents) echoes() bool {
	return slices.ContainsFunc(e.handlings, func(h handling) bool {
		return roleIn(h.event) == sends && slices.ContainsFunc(byServer.FindAllStringSubmatch(h.body, -1), func(found []string) bool { return roleOut(found[1]) == message })
	})
}

func (e appEvents) handlingsOf(event string) []handling {
	return slices.DeleteFunc(slices.Clone(e.handlings), func(h handling) bool { return h.event != event })
}

// beyond says what a handling does that no variable does; "" is nothing that can be seen.
func (h handling) beyond() string {
	passed, found := h.passesOn()
	switch {
	case h.apart() != "":
		return h.apart()
	case changesRows.MatchString(h.body):
		return "changes rows"
	case h.tellsEverybody():
		return "tells everybody"
	case h.tellsRooms():
		return "tells several rooms"
	case found && passed.to == toRoom && passed.more:
		return "tells arguments behind the first"
	case found && passed.to != toRoom && !passed.same:
		return "tells " + passed.as + " in another shape than it came"
	}
	return ""
}

var (
	parsesText = regexp.MustCompile(`\bJSON\.parse\(\s*([A-Za-z_]\w*)`)
	makesName  = regexp.MustCompile("\\b(?:io|socket)\\b[^;{}\\n]{0,80}\\.\\s*emit\\(\\s*(?:`[^`\\n]*\\$\\{|([a-z]\\w*)\\s*,)")
)

// apart says what of a handling no variable does, whatever its event is for.
func (h handling) apart() string {
	if found := parsesText.FindStringSubmatch(h.body); found != nil && slices.Contains(h.parameters, found[1]) {
		return "takes JSON as a text"
	}
	if makesName.MatchString(h.body) {
		return "tells an event whose name it makes"
	}
	if part := h.tellsPart(); part != "" {
		return "takes what it tells out of " + part
	}
	return ""
}

// ofPart is a place that stands inside a part of what came: data.inner.room.
var ofPart = regexp.MustCompile(`^\s*((\w+)[?!]?\.(\w+))[?!]?\.\w`)

// tellsPart is the part of what came that a handling tells, if where to stands inside that too. One that is called message SEND_ARGS takes apart.
func (h handling) tellsPart() string {
	for _, at := range addresses.FindAllStringSubmatchIndex(h.body, -1) {
		place := inParentheses(h.body[at[4]:])
		rest := after(h.body, at[5]+len(place)+1)
		part, emits := ofPart.FindStringSubmatch(place), emitsThen.FindStringSubmatchIndex(rest)
		if part == nil || emits == nil || part[3] == "message" || !h.isOfClients(part[2]) {
			continue
		}
		if told := strings.TrimSpace(after(inParentheses(rest[emits[2]:]), emits[1]-emits[3])); told == part[1] {
			return part[1]
		}
	}
	return ""
}

func isOwn(all []own, event string) bool {
	return slices.ContainsFunc(all, func(o own) bool { return o.event == event })
}

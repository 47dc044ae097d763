package check

import (
	"regexp"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/contract"
)

// party is for whom a handling passes an event on.
type party string

const (
	toRoom   party = ""
	toUser   party = "@user"
	toSocket party = "@socket"
)

// passed is how a handling passes its event on: under which name, to whom, in which key of what came that is named (empty where it is all that
// came), whether those who hear it are told what came, and whether they are told of what came behind the first argument.
type passed struct {
	as         string
	to         party
	key        string
	same, more bool
}

var (
	addresses   = regexp.MustCompile(`\b(\w+)(?:\??\.\w+)*\s*\.\s*(?:to|in)(\()`)
	emitsThen   = regexp.MustCompile(`^\s*(?:\.\s*(?:volatile|broadcast)|\.\s*except\([^()]*\))*\s*\.\s*emit(\()\s*["'` + "`" + `]([^"'` + "`" + `$\n]{1,60})["'` + "`" + `]\s*,?`)
	toEverybody = regexp.MustCompile(`\b(?:socket\.broadcast|io|io\.sockets)\.emit\(\s*["'` + "`" + `]([^"'` + "`" + `$\n]{1,60})`)

	// lookups find a user's socket, and their groups are the key that names the user.
	lookups = []*regexp.Regexp{
		regexp.MustCompile(`\.get\(\s*(?:String\()?([\w$.?!]+)`),
		regexp.MustCompile(`\w\[\s*(?:String\()?([\w$.?!]+)`),
		regexp.MustCompile(`\.find\(.*?===?\s*([\w$.?!]+)`),
		regexp.MustCompile(`(?i)\w*socket\w*\(\s*(?:String\()?([\w$.?!]+)`),
		regexp.MustCompile(`(?i)^["'` + "`" + `]\W*user\W*(?:\$\{|["']\s*\+\s*)\s*(?:String\()?([\w$.?!]+)`),
	}
	plainKey = regexp.MustCompile(`^(?:String\()?\s*([\w$]+(?:[?!]?\.[\w$]+)*?)(?:\.toString\(\))?\s*\)?$`)
	userKey  = regexp.MustCompile(`(?i)(?:user|receiver|recipient|friend|member)(?:_?id)?$`)
	// speaks is a key that the gateway tells by itself, and bySender what the server says there.
	speaks   = regexp.MustCompile(`^(?i:from|userId|username|name|sender|senderId|senderName|caller|callerId|callerName|socketId)$`)
	bySender = regexp.MustCompile(`(?i)\bsocket\b|user`)
)

// tellsEverybody leaves out who is online, which a variable tells.
func (h handling) tellsEverybody() bool {
	return slices.ContainsFunc(toEverybody.FindAllStringSubmatch(h.body, -1), func(told []string) bool {
		return !has(wordsOf(told[1]), "online", "offline", "users", "connected", "status")
	})
}

// passesOn tells how a handling passes its event on, if it tells one other event, or the same, to one place.
func (h handling) passesOn() (p passed, found bool) {
	for _, at := range addresses.FindAllStringSubmatchIndex(h.body, -1) {
		sender := h.body[at[2]:at[3]]
		place := inParentheses(h.body[at[4]:])
		rest := after(h.body, at[5]+len(place)+1)
		emits := emitsThen.FindStringSubmatchIndex(rest)
		if emits == nil || !receiver.MatchString(sender) {
			continue
		}
		to, key, known := h.partyOf(place)
		told := strings.TrimSpace(after(inParentheses(rest[emits[2]:]), emits[1]-emits[3]))
		one := passed{rest[emits[4]:emits[5]], to, key, h.tellsTheSame(told), h.tellsMore(told)}
		if !known || h.inLoop(place) || found && (p.as != one.as || p.to != one.to) || one.to == toRoom && sender == "io" {
			return passed{}, false // it depends, or the sender hears it too
		}
		p, found = one, true
	}
	return p, found
}

// partyOf tells for whom something is that is emitted to a place.
func (h handling) partyOf(place string) (to party, key string, known bool) {
	place = h.resolved(strings.TrimSpace(place))
	for _, lookup := range lookups {
		if found := lookup.FindStringSubmatch(place); found != nil {
			return toUser, h.keyOf(found[1]), true
		}
	}
	found := plainKey.FindStringSubmatch(place)
	if found == nil {
		return "", "", false
	}
	name := lastName(found[1])
	switch {
	case slices.Contains(roomArgument, name) || strings.HasSuffix(strings.ToLower(name), "room"):
		return toRoom, "", true
	case !h.isOfClients(found[1]):
		return "", "", false
	case userKey.MatchString(name):
		return toUser, h.keyOf(found[1]), true
	case roleIn(h.event) == relays && !contract.NamesCalled(name, true): // who types is told to a room, whatever that is called
		return toRoom, "", true
	}
	return toSocket, h.keyOf(found[1]), true
}

// resolved is what a name was given before, and of an object's field what the object was given.
func (h handling) resolved(place string) string {
	name, _, _ := strings.Cut(strings.NewReplacer("?", ".", "!", ".").Replace(place), ".")
	if !plainKey.MatchString(place) || h.isOfClients(name) {
		return place
	}
	given := regexp.MustCompile(`(?:const|let|var)\s+` + regexp.QuoteMeta(name) + `\s*(?::[^=;\n]+)?=\s*([^;\n]+)`).FindStringSubmatch(h.body)
	if given == nil {
		return place
	}
	return strings.TrimSpace(given[1])
}

// isOfClients tells whether an expression is a part of what came.
func (h handling) isOfClients(expression string) bool {
	name, _, _ := strings.Cut(strings.NewReplacer("?", ".", "!", ".").Replace(expression), ".")
	return slices.Contains(h.parameters, name)
}

// keyOf is the key of what came in which an expression looks; "" where it is all that came.
func (h handling) keyOf(expression string) string {
	name := lastName(expression)
	if name == expression && !h.takesApart {
		return ""
	}
	return name
}

func lastName(expression string) string {
	names := strings.FieldsFunc(expression, func(c rune) bool { return strings.ContainsRune(".?!", c) })
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1]
}

// tellsTheSame tells whether what is told is what came, with what the gateway says of the sender.
func (h handling) tellsTheSame(told string) bool {
	if told == "" || len(h.parameters) > 0 && told == h.parameters[0] {
		return true
	}
	if !strings.HasPrefix(told, "{") || len(inParentheses(told))+2 != len(told) {
		return false
	}
	for _, field := range strings.Split(strings.Trim(told, "{}"), ",") {
		name, value, said := strings.Cut(strings.TrimSpace(field), ":")
		switch name, value = strings.TrimSpace(name), strings.TrimSpace(value); {
		case name == "", strings.HasPrefix(name, "..."), !said && (slices.Contains(h.parameters, name) || speaks.MatchString(name)):
		case said && lastName(value) == name && h.isOfClients(value):
		case speaks.MatchString(name) && (bySender.MatchString(value) || h.isOfClients(value)):
		default:
			return false
		}
	}
	return true
}

// tellsMore tells whether something is told that came behind the first argument, which relays leave out; but for who says it, which they tell.
func (h handling) tellsMore(told string) bool {
	if h.takesApart || len(h.parameters) < 2 {
		return false
	}
	names := regexp.MustCompile(`\w+`).FindAllString(told, -1)
	return slices.ContainsFunc(h.parameters[1:], func(name string) bool {
		return slices.Contains(names, name) && !ackArgument.MatchString(name) && !speaks.MatchString(name)
	})
}

// item is an event as RELAY_EVENTS names it.
func (p passed) item(event string) string {
	if p.as != event {
		event += "=" + p.as
	}
	event += string(p.to)
	if p.to != toRoom && p.key != "" && !contract.NamesCalled(p.key, p.to == toSocket) {
		event += ":" + p.key
	}
	return event
}

// passes tells how an app's server passes an event on, where all that it does with it is seen and a variable does it as well.
func (e appEvents) passes(event string) (p passed, file string, ok bool) {
	all := e.handlingsOf(event)
	if len(all) != 1 || all[0].beyond() != "" {
		return passed{}, "", false
	}
	p, ok = all[0].passesOn()
	return p, all[0].file, ok
}

// anyone proposes that calls reach whoever is connected, where the app's own do and nothing says who shares a room.
func (e appEvents) anyone() []habit {
	if e.joinsAll != "" {
		return nil
	}
	for _, event := range namesOf(e.in) {
		if p, file, ok := e.passes(event); ok && p.to == toUser {
			return []habit{{"RELAY_ANYONE", "true", guess, file + " lets everybody reach everybody"}}
		}
	}
	return nil
}

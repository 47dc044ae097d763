package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/contract"
)

// role is what an event is for.
type role string

const (
	joins   role = "JOIN_EVENTS"
	leaves  role = "LEAVE_EVENTS"
	sends   role = "SEND_EVENTS"
	relays  role = "RELAY_EVENTS"
	message role = "MESSAGE_EVENT"
	members role = "MEMBERS_EVENT"
)

// Words by which apps name their events. A name is split into them, whatever its spelling.
var (
	joinWords    = []string{"join", "enter", "subscribe"}
	leaveWords   = []string{"leave", "exit", "unsubscribe"}
	messageWords = []string{"message", "messages", "msg", "chat"}
	sendWords    = []string{"send", "new", "create", "post", "add", "private", "direct", "group", "room", "chat", "message", "msg", "public"}
	otherWords   = []string{"read", "seen", "delivered", "typing", "writing", "delete", "deleted", "remove", "edit", "edited", "update", "updated",
		"react", "reaction", "history", "get", "fetch", "load", "pin", "unread", "received", "sent", "error", "list", "start", "stop", "join", "leave"}
	relayWords   = []string{"typing", "writing", "type", "read", "seen", "delivered", "recording"}
	memberWords  = []string{"members", "users", "participants", "online"}
	receiveWords = []string{"receive", "received", "new", "incoming", "message", "msg", "chat", "get", "send", "private", "room", "group", "sent", "created", "broadcast"}
)

// wordsOf also parts chat:join and chat.join, which are names of one spelling only, and takes NEW:MESSAGE for what it is.
func wordsOf(event string) []string {
	if event == strings.ToUpper(event) {
		event = strings.ToLower(event)
	}
	return strings.FieldsFunc(strings.Join(contract.Words(event), " "), func(c rune) bool { return c < 'a' || c > 'z' })
}

func has(words []string, any ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(any, w) })
}

// roleIn guesses what an event of the clients is for; empty means that no variable of the gateway is for it.
func roleIn(event string) role {
	words := wordsOf(event)
	switch {
	case has(words, joinWords...):
		return joins
	case has(words, leaveWords...):
		return leaves
	case has(words, messageWords...) && has(words, sendWords...) && !has(words, otherWords...) && !makesRoom(words):
		return sends
	case has(words, relayWords...):
		return relays
	}
	return ""
}

// makesRoom tells a chat that begins from a message in one: new-chat, and chat:conversation:new.
func makesRoom(words []string) bool {
	return !has(words, "message", "messages", "msg", "send", "post") && has(words, "new", "create", "add")
}

// roleOut guesses what an event to the clients is for.
func roleOut(event string) role {
	words := wordsOf(event)
	switch {
	case has(words, relayWords...):
		return relays
	case has(words, "online", "active") && !has(words, "room"):
		return "" // of the whole app: see appEvents.online
	case has(words, memberWords...):
		return members
	case has(words, messageWords...) && has(words, receiveWords...) && !has(words, "history", "delete", "deleted", "update", "updated", "edited", "error", "reaction", "reactions", "reacted", "pinned"):
		return message
	}
	return ""
}

// served tells how the gateway, as it is configured, takes and sends an app's events.
type served struct {
	in  map[string]role // by contract.Fold
	out map[string]bool
}

func servedBy(c config.Config) served {
	s := served{in: map[string]role{}, out: map[string]bool{contract.Fold(c.MessageEvent): true, contract.Fold(c.MembersEvent): true}}
	for _, event := range []string{c.OnlineEvent, c.UserOnlineEvent, c.UserOfflineEvent} {
		s.out[contract.Fold(event)] = true
	}
	for r, events := range map[role][]string{joins: c.JoinEvents, leaves: c.LeaveEvents, sends: c.SendEvents} {
		for _, event := range events {
			s.in[contract.Fold(event)] = r
		}
	}
	for _, relay := range c.RelayEvents {
		s.in[contract.Fold(relay.Event)] = relays
		if relay.As == "" {
			relay.As = relay.Event
		}
		s.out[contract.Fold(relay.As)] = true
	}
	return s
}

// roleOf is what the gateway takes an event for, or would if a variable named it.
func (e appEvents) roleOf(event string, by served) role {
	if known, ok := by.in[contract.Fold(event)]; ok {
		return known
	}
	return e.roleIn(event)
}

// roleIn is what an event of the clients is for, by its name, unless its handlers say otherwise.
func (e appEvents) roleIn(event string) role {
	r := roleIn(event)
	if all := e.handlingsOf(event); r == joins && len(all) > 0 && !slices.ContainsFunc(all, handling.mayJoin) {
		return ""
	}
	return r
}

// relays tells whether an event is one of RELAY_EVENTS already.
func (s served) relays(event string) bool { return s.in[contract.Fold(event)] == relays }

// events holds the variables against the app's own code.
func (s start) events(app appEvents) {
	const step = "events"
	if app.cut {
		s.warn(step, fmt.Sprintf("there are more files of code below this folder than the first %d, which were read: check in the folder of the app itself", mostCodeFiles))
	}
	if len(app.in)+len(app.out) == 0 {
		s.noEvents(app)
		return
	}
	by := servedBy(s.config)
	proposed := propose(app, by)
	unserved, own := unservedOf(app, by, proposed), app.onlyOwn(by)
	switch {
	case len(proposed) > 0 && proposed.breaks():
		s.fault(step, "the app's code has other events than the variables name", proposed.lines()...)
	case len(proposed) > 0:
		s.warn(step, "the app's code has events that no variable names", proposed.lines()...)
	case len(unserved)+len(own) == 0:
		s.ok(step, "every event in the app's code is served: %s", strings.Join(namesOf(app.in), ", "))
	}
	var lines []string
	for _, one := range own {
		lines = append(lines, one.line)
	}
	if s.config.AttachAddr != "" {
		if others := slices.Concat(unserved, lines); len(others) > 0 {
			s.ok(step, "the app's own server has %s", strings.Join(others, ", "))
		}
		s.attached(app)
		return
	}
	if len(own) > 0 {
		s.warn("attach", "only your own handlers can serve "+count(len(own), "event")+": keep them, and attach them to the gateway", lines...)
	}
	if len(unserved) > 0 {
		s.warn(step, "nobody would serve "+strings.Join(unserved, ", "), "keep your own handlers of them, and attach them to the gateway")
	}
	elsewhere := s.foreignDatabase(app)
	attaches := len(own) > 0 || s.undecided() && (elsewhere || len(unserved) > 0 || len(app.beyond) > 0 || app.tellsByRoutes())
	if attaches {
		s.attachable(app)
	}
	if attaches || len(unserved) > 0 {
		s.memory(app)
	}
}

// proposal is a variable with what it should hold, and whether nothing of its kind would work without it.
type proposal struct {
	variable role
	value    string
	breaks   bool
	because  string // how sure it is, and what says so; empty where only the names do
}

type proposals []proposal

func (p proposals) breaks() bool {
	return slices.ContainsFunc(p, func(one proposal) bool { return one.breaks })
}

func (p proposals) lines() []string {
	var lines []string
	for _, one := range p {
		lines = append(lines, string(one.variable)+"="+one.value+one.because)
	}
	return lines
}

// propose says which variables should name which events of the app.
func propose(app appEvents, by served) proposals {
	var all proposals
	own := app.onlyOwn(by)
	for _, r := range []role{joins, leaves, sends} {
		var names []string
		missing, works := false, false
		for _, event := range namesOf(app.in) {
			known, ok := by.in[contract.Fold(event)]
			if ok && known != r || !ok && app.roleIn(event) != r || isOwn(own, event) {
				continue
			}
			names = append(names, event)
			missing, works = missing || !ok, works || ok
		}
		if missing {
			all = append(all, proposal{r, strings.Join(names, ","), !works && r != leaves, ""})
		}
	}
	if name, ok := proposeOut(app, by, message); ok && !app.tellsAllItself(own) {
		all = append(all, proposal{message, name, true, ""})
	}
	if name, ok := proposeOut(app, by, members); ok {
		all = append(all, proposal{members, name, false, ""})
	}
	if value, because := proposeRelays(app, by); value != "" {
		all = append(all, proposal{relays, value, false, because})
	}
	return all
}

// proposeOut names the event that clients listen for in a role, unless one of that role is served already.
func proposeOut(app appEvents, by served, r role) (name string, ok bool) {
	for _, event := range namesOf(app.out) {
		if roleOut(event) != r || !app.hears(event, r) || r == members && app.toAll[event] {
			continue
		}
		if by.out[contract.Fold(event)] {
			return "", false
		}
		if name == "" || strings.Contains(contract.Fold(event), "receive") {
			name = event
		}
	}
	return name, name != ""
}

// tellsAllItself tells whether the app's own handlers have all of its messages, and so tell them by themselves.
func (e appEvents) tellsAllItself(own []own) bool {
	of := slices.DeleteFunc(namesOf(e.in), func(event string) bool { return roleIn(event) != sends })
	return len(of) > 0 && !slices.ContainsFunc(of, func(event string) bool { return !isOwn(own, event) })
}

// hears tells whether clients listen for an event; of those whose code is elsewhere, whether the server tells them messages by it.
func (e appEvents) hears(event string, r role) bool {
	return e.heard[event] || r == message && e.client == "" && len(e.heard) == 0
}

// proposeRelays pairs what clients send with what they listen for: typing=user_typing; and has those go to one user or socket that the server
// passes on so.
func proposeRelays(app appEvents, by served) (value, because string) {
	var pairs []string
	missing := false
	own := app.onlyOwn(by)
	for _, event := range namesOf(app.in) {
		passed, file, passes := app.passes(event)
		switch r := app.roleOf(event, by); {
		case r == joins, r == leaves, r == sends, r != relays && !passes, isOwn(own, event):
			continue
		}
		missing = missing || !by.relays(event)
		if passes {
			pairs, because = append(pairs, passed.item(event)), " # "+string(likely)+": "+file
			continue
		}
		if as := app.relayedAs(event); as != "" && as != event {
			event += "=" + as
		}
		pairs = append(pairs, event)
	}
	if !missing {
		return "", ""
	}
	return strings.Join(pairs, ","), because
}

// relayedAs is what clients listen for that hear of the event: the only one that the server tells then, or the one whose name says so.
func (e appEvents) relayedAs(event string) string {
	told := map[string]string{}
	for _, h := range e.handlingsOf(event) {
		for _, name := range h.told() {
			told[name] = h.file
		}
	}
	if names := namesOf(told); len(names) == 1 && e.heard[names[0]] {
		return names[0]
	}
	return heardFor(e, event)
}

// heardFor finds what clients listen for in answer to a relay: the event itself, or one with its words and some more.
func heardFor(app appEvents, event string) string {
	if app.heard[event] {
		return event
	}
	words := wordsOf(event)
	for _, other := range namesOf(app.out) {
		more := wordsOf(other)
		if app.heard[other] && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(more, w) }) && len(more) <= len(words)+1 {
			return other
		}
	}
	return ""
}

// unservedOf lists the app's events that stay without anybody who serves them, with the files that name them.
func unservedOf(app appEvents, by served, proposed proposals) []string {
	var handled []string
	for _, p := range proposed {
		for _, pair := range strings.Split(p.value, ",") {
			pair, _, _ = strings.Cut(pair, "@")
			handled = append(handled, strings.Split(pair, "=")...)
		}
	}
	for _, one := range app.onlyOwn(by) {
		handled = append(handled, one.event)
	}
	for _, h := range app.online() {
		handled = append(handled, h.value)
	}
	var unserved []string
	for _, event := range namesOf(app.in) {
		if _, ok := by.in[contract.Fold(event)]; !ok && !slices.Contains(handled, event) {
			unserved = append(unserved, event+" ("+app.places[event]+")")
		}
	}
	for _, event := range namesOf(app.out) {
		if app.heard[event] && !by.out[contract.Fold(event)] && !slices.Contains(handled, event) {
			unserved = append(unserved, "on "+event+" ("+app.places["on "+event]+")")
		}
	}
	return unserved
}

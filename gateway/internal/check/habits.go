package check

import (
	"regexp"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

// habit is something that an app's own server does and a variable does as well.
type habit struct {
	variable, value string
	confidence      confidence
	file            string
}

// confidence is how sure it is that the variable is what the app means.
type confidence string

const (
	surely confidence = "sure"   // the code says it itself
	likely confidence = "likely" // it says something that is mostly meant so
	guess  confidence = "a guess"
)

// line is one to paste into a .env file, where $ is written \$.
func (h habit) line() string {
	return h.variable + "=" + literal(h.value) + " # " + string(h.confidence) + ": " + h.file
}

// sign is what a habit looks like in the code. Value makes the variable's value of what the pattern has found, or "" if it is none.
type sign struct {
	variable   string
	confidence confidence
	pattern    *regexp.Regexp
	value      func(found []string) string
}

// ownID is the id of a socket's own user, and not that of one of a list.
const ownID = `(?:(?:socket|this|user|me|self|session|decoded|payload|claims|auth|data|currentUser)\b[\w.?!]*[.?!])?(?:userId|user\??\.id|user\??\._id|session\??\.(?:_?id))`

var signs = []sign{
	{"SOCKET_PATH", likely, regexp.MustCompile(`(?s)["']socket\.io-client["'].*?\bpath\s*[:=]\s*["'](/\w[\w./-]*)["']`),
		func(found []string) string { return otherPath(found[1]) }},
	{"PERSONAL_ROOM", surely, regexp.MustCompile("socket\\.join\\(\\s*`([\\w:.-]+)\\$\\{" + ownID + "\\s*\\}`\\s*\\)"),
		func(found []string) string { return found[1] + "$user" }},
	{"PERSONAL_ROOM", surely, regexp.MustCompile(`socket\.join\(\s*["']([\w:.-]+)["']\s*\+\s*` + ownID + `\s*\)`),
		func(found []string) string { return found[1] + "$user" }},
	{"PERSONAL_ROOM", likely, regexp.MustCompile(`socket\.join\(\s*(?:String\()?` + ownID + `(?:\.toString\(\))?\)?\s*\)`),
		func([]string) string { return "$user" }},
	{"DEFAULT_ROOM", likely, regexp.MustCompile(`socket\.join\(\s*["']([\w:.-]+)["']\s*\)`),
		func(found []string) string { return found[1] }},
	{"DEFAULT_ROOM", likely, regexp.MustCompile(`socket\.join\(\s*(?:String\()?socket\.handshake\??\.(auth|query)\??\.(\w+)`),
		func(found []string) string { return "$" + found[1] + "." + found[2] }},
	{"JOIN_MODE", likely, regexp.MustCompile("(?:(?:\\.forEach|\\.map)\\([^;]{0,60}?(?:=>|function)|for\\s*\\([^();]{1,60}\\bof\\b)[^;]{0,120}?[sS]ocket[\\w.?!]*\\.emit\\(\\s*[\"'`]([^\"'`\n]{1,60})[\"'`]"),
		func(found []string) string { return joinsSeveral(found[1]) }},
	{"NAMESPACE", likely, regexp.MustCompile(`\b(?:io|connect)\(\s*(?:[\w.!?]+(?:\s*(?:\|\||\?\?)\s*["'][^"'\n]*["'])?\s*\+\s*)?["'](?:https?://[^"'/\n]+)?(/[\w-]+)["']`),
		func(found []string) string { return found[1] }},
	{"NAMESPACE", likely, regexp.MustCompile("\\b(?:io|connect)\\(\\s*`(?:https?://)?\\$\\{[^}`\n]+\\}(/[\\w-]+)`"),
		func(found []string) string { return found[1] }},
	{"NAMESPACE", likely, regexp.MustCompile(`\bio\.of\(\s*["'](/[\w-]+)["']`),
		func(found []string) string { return found[1] }},
	{"NAMESPACE", likely, regexp.MustCompile(`@WebSocketGateway\([^()]*\bnamespace\s*:\s*["']/?([\w-]+)["']`),
		func(found []string) string { return "/" + found[1] }},
	{"ECHO", likely, regexp.MustCompile(`socket\s*\.\s*(?:broadcast\s*\.\s*)?(?:to|in)\([^()]*\)\s*\.\s*emit\(\s*["']([^"'\n]{1,60})["']`),
		func(found []string) string { return onlyFor(message, found[1], "false") }},
	{"MESSAGE_SHAPE", likely, regexp.MustCompile(`\.emit\(\s*["']([^"'\n]{1,60})["']\s*,\s*\{\s*(message|msg|data|newMessage|payload)\s*(?::\s*[\w.[\]]+\s*)?,?\s*\}`),
		func(found []string) string { return onlyFor(message, found[1], `{"`+found[2]+`": $row}`) }},
	{"ACK_SHAPE", likely, regexp.MustCompile(`\b(?:callback|cb|ack|done)(?:\?\.)?\(\s*\{\s*(success|ok)\s*:\s*true\s*,\s*(data|msg|result|payload|newMessage)\s*(?::\s*[\w.]+\s*)?,?\s*\}`),
		func(found []string) string { return `{"` + found[1] + `": true, "` + found[2] + `": $row}` }},
	{"SEND_ARGS", surely, regexp.MustCompile(`socket\.on\(\s*["']([^"'\n]{1,60})["']\s*,\s*(?:async\s*)?(?:function\s*\w*\s*)?\(([^(){}]{1,200})\)`),
		func(found []string) string { return sendArgs(found[1], found[2]) }},
	{"SQL_EMIT", surely, regexp.MustCompile(`\bsocketgate\.emit\s*\(`),
		func([]string) string { return "true" }},
	{"SQL_EMIT", guess, regexp.MustCompile(`(?s)\$transaction\(.{0,800}?\b(?:io|getIO\(\))\b[^;]{0,80}?\.emit\(`), // which tells of what may yet be rolled back
		func([]string) string { return "true" }},
	{"TOKEN_SOURCES", likely, regexp.MustCompile(`handshake\??\.(auth|query)\??\.(\w*(?i:token|jwt)\w*)`),
		func(found []string) string { return source(found[1], found[2]) }},
	{"TOKEN_SOURCES", likely, regexp.MustCompile(`handshake\??\.headers\??(?:\.|\[["'])(x-[\w-]*token)`),
		func(found []string) string { return "header." + found[1] }},
	{"TOKEN_JWKS_URL", guess, regexp.MustCompile(`["'](@clerk/[\w-]+)["']`),
		func([]string) string { return "https://clerk.example.com/.well-known/jwks.json" }},
}

// joinsAll is a server that has a user join each of a list of rooms.
var joinsAll = regexp.MustCompile(`(?s)(?:forEach|\.map\(|for\s*\(\s*(?:const|let)\s+\w+\s+of\b).{0,120}?socket\.join\(\s*(?:String\()?\w+\??\.(\w*[iI]d|\w*[rR]oom)\b`)

var (
	readsHandshake = regexp.MustCompile(`(?:const|let|var)\s*\{([^{}]{1,200})\}\s*=\s*socket\.handshake\??\.(auth|query)\b`)
	joinsOne       = regexp.MustCompile(`socket\.join\(\s*(?:String\()?(\w+)\b`)
)

// arrivalRoom is the room that a server reads from the handshake before it has its client join it.
func arrivalRoom(text string) string {
	for _, read := range readsHandshake.FindAllStringSubmatch(text, -1) {
		for _, key := range strings.Split(read[1], ",") {
			for _, join := range joinsOne.FindAllStringSubmatch(text, -1) {
				if key, _, _ := strings.Cut(strings.TrimSpace(key), " "); key == join[1] {
					return "$" + read[2] + "." + key
				}
			}
		}
	}
	return ""
}

// onlyFor has a value count for an event to clients that is of the role.
func onlyFor(r role, event, value string) string {
	if roleOut(event) != r {
		return ""
	}
	return value
}

// joinsSeveral is for a page that says an event for each of a list.
func joinsSeveral(event string) string {
	if roleIn(event) != joins {
		return ""
	}
	return "multi"
}

// otherPath is a path of sockets that is not the one that everybody has.
func otherPath(path string) string {
	if path = strings.TrimSuffix(path, "/"); path == "/socket.io" {
		return ""
	}
	return path
}

func source(where, name string) string {
	if where == "auth" && name == "token" {
		return "" // found without it
	}
	return where + "." + name
}

var (
	textArgument  = []string{"text", "message", "msg", "content", "body"}
	roomArgument  = []string{"room", "roomId", "roomID", "conversationId", "chatId", "channelId"}
	ackArgument   = regexp.MustCompile(`(?i)^(ack\w*|cb|call_?back|done|fn|respond)$`)
	argumentsType = regexp.MustCompile(`\s*\??\s*[:=].*`)
)

// sendArgs are the arguments of a handler of messages that has more than one besides the ack.
func sendArgs(event, parameters string) string {
	if roleIn(event) != sends {
		return ""
	}
	var names []string
	for _, p := range strings.Split(parameters, ",") {
		if p = argumentsType.ReplaceAllString(strings.TrimSpace(p), ""); p != "" && !ackArgument.MatchString(p) {
			names = append(names, p)
		}
	}
	if len(names) < 2 || !has(names, textArgument...) || !has(names, roomArgument...) {
		return ""
	}
	return strings.Join(names, ",")
}

// readHabits takes those of one file. What was seen first stays, and of two the surer: signs are in that order.
func (e *appEvents) readHabits(name, text string) {
	for _, s := range slices.Concat(signs, historySigns) {
		for _, found := range s.pattern.FindAllStringSubmatch(text, -1) {
			if value := s.value(found); value != "" && !e.hasHabit(s.variable) {
				e.habits = append(e.habits, habit{s.variable, value, s.confidence, name})
			}
		}
	}
	if room := arrivalRoom(text); room != "" && !e.hasHabit("DEFAULT_ROOM") {
		e.habits = append(e.habits, habit{"DEFAULT_ROOM", room, likely, name})
	}
	if cookie := loginCookie(text); cookie != "" && !e.hasHabit("TOKEN_COOKIE") {
		e.habits = append(e.habits, habit{"TOKEN_COOKIE", cookie, likely, name})
	}
	if joinsAll.MatchString(text) {
		e.joinsAll = name
	}
}

func (e *appEvents) hasHabit(variable string) bool {
	return slices.ContainsFunc(e.habits, func(h habit) bool { return h.variable == variable })
}

// isSet tells which variables of these have been set already.
func isSet(c config.Config) map[string]bool {
	return map[string]bool{
		"SOCKET_PATH": c.SocketPath != "/socket.io/", "TOKEN_COOKIE": c.TokenCookie != "token",
		"NAMESPACE": c.Namespace != "/", "PERSONAL_ROOM": c.PersonalRoom != "", "DEFAULT_ROOM": c.DefaultRoom != "", "ECHO": !c.Echo, "MESSAGE_SHAPE": c.MessageShape != "",
		"ACK_SHAPE": c.AckShape != "", "SEND_ARGS": len(c.SendArgs) > 0, "SQL_EMIT": c.SQLEmit, "GATEWAY_DATABASE_URL": c.DatabaseURL.None(), "TOKEN_SOURCES": len(c.TokenSources) > 0,
		"HISTORY_EVENT": c.HistoryEvent != "", "HISTORY_SIZE": c.HistoryEvent != "", "HISTORY_SHAPE": c.HistoryShape != "",
		"TOKEN_JWKS_URL": c.TokenJWKSURL != "", "USER_ROOMS_QUERY": c.UserRoomsQuery != "", "ROOM_ACCESS_QUERY": c.RoomAccessQuery != "" || len(c.RoomRules) > 0,
		"ONLINE_EVENT": c.OnlineEvent != "", "USER_ONLINE_EVENT": c.UserOnlineEvent != "", "USER_OFFLINE_EVENT": c.UserOfflineEvent != "", "MESSAGE_FIELDS": len(c.MessageFields) > 0,
		"RELAY_ANYONE": c.RelayAnyone, "API_ADDR": c.APIAddr != "" || c.SQLEmit || c.PostgresEmitter, // how routes speak has been chosen
	}
}

// habits proposes variables for what the app's server does, or did.
func (s start) habits(app appEvents) {
	if !app.usesIt() {
		return
	}
	var lines []string
	set := isSet(s.config)
	passing := app.passing()
	fields := app.fields.proposed(s.config, len(passing) > 0)
	for _, h := range slices.Concat(app.habits, app.rooms(), app.online(), app.anyone(), fields, app.loginsFor(s.config), passing, app.everybody()) {
		if !set[h.variable] && !(h.variable == "ECHO" && app.echoes()) {
			lines = append(lines, h.line())
		}
	}
	if len(lines) > 0 {
		s.warn("habits", "the app's code does what these variables are for: paste those that are meant", lines...)
	}
	if len(app.beyond) > 0 {
		s.warn("habits", "no variable does "+strings.Join(app.beyond, ", "), "that needs handlers of your own, beside the gateway")
	}
}

// rooms proposes the table of participants, for where users are if the server says that, and for who may join otherwise.
func (e appEvents) rooms() []habit {
	if e.schema == "" {
		return nil
	}
	access := habit{"ROOM_ACCESS_QUERY", e.participants.access(), likely, e.schema}
	if e.joinsAll == "" {
		return []habit{access}
	}
	return []habit{{"USER_ROOMS_QUERY", e.participants.rooms(), likely, e.schema + ", " + e.joinsAll}, access}
}

// online proposes the events about who is in the whole app. Nobody is told of one who comes without one who goes, or without a list.
func (e appEvents) online() (all []habit) {
	var list, comes, goes string
	for _, event := range namesOf(e.out) {
		words := wordsOf(event)
		switch {
		case !e.heard[event] || has(words, "room"):
		case has(words, "online", "active") && has(words, "users", "members", "list", "get"):
			list = event
		case has(words, "online", "connected") && has(words, "user"):
			comes = event
		case has(words, "offline", "disconnected") && has(words, "user"):
			goes = event
		}
	}
	if list == "" {
		return nil
	}
	all = append(all, habit{"ONLINE_EVENT", list, likely, e.out[list]})
	if comes != "" && goes != "" {
		all = append(all, habit{"USER_ONLINE_EVENT", comes, likely, e.out[comes]}, habit{"USER_OFFLINE_EVENT", goes, likely, e.out[goes]})
	}
	return all
}

// beyonds are what no variable is for.
var beyonds = map[string]*regexp.Regexp{
	"several namespaces (io.of)":                                        regexp.MustCompile(`(?s)\bio\.of\(\s*["'/].*\bio\.of\(\s*["'/]`),
	"a login by an id that clients say themselves (anybody can say it)": regexp.MustCompile(`handshake\??\.(?:auth|query)\??\.(?i:user_?id|username|uid)\b`),
}

func (e *appEvents) readBeyond(name, text string) {
	for what, pattern := range beyonds {
		said := what + " (" + name + ")"
		if pattern.MatchString(text) && !slices.Contains(e.beyond, said) {
			e.beyond = append(e.beyond, said)
		}
	}
	slices.Sort(e.beyond)
}

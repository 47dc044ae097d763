package check

import (
	"regexp"
	"slices"
)

// attachGuide is where attaching is explained.
const attachGuide = "pkg/attach-js/README.md"

// noEvents says why there are none to look at.
func (s start) noEvents(app appEvents) {
	switch {
	case app.server == "" && app.client == "":
		s.skip("events", "there is no code below this folder that uses Socket.IO: check in the app's folder, to have its events looked for")
	case app.server == "":
		s.skip("events", app.client+" uses Socket.IO, but no event's name stands in the code")
	case s.config.AttachAddr != "":
		s.attached(app)
	default:
		s.warn("events", app.server+" has a server of Socket.IO, but no event's name stands in the code: such events only your own handlers can serve, or routes that emit",
			"keep them, and attach them to the gateway")
		s.attachable(app)
	}
}

// undecided tells whether what the gateway's own handlers need is missing: perhaps the app is to have all of its events itself.
func (s start) undecided() bool {
	return s.faulty.About("JWT_SECRET", "DATABASE_URL", "MESSAGE_ENCRYPTION_KEY")
}

// attachable says how an app keeps handlers of its own.
func (s start) attachable(app appEvents) {
	lines := []string{"ATTACH_ADDR=127.0.0.1:4001", "ATTACH_KEY= # of openssl rand -base64 48; the app has it as SOCKETGATE_KEY"}
	if s.undecided() {
		lines = append([]string{"HANDLERS=app # all events to your own server: then no login, key or database is needed here"}, lines...)
		s.orElse = "; or attach the app's own server by HANDLERS=app, which needs no login, key or database here"
	}
	s.warn("attach", "one line in your own server attaches it, attach(io) behind new Server(…), and these here: "+attachGuide, lines...)
}

// attached looks at the code of an app whose own server is to be attached.
func (s start) attached(app appEvents) {
	if app.server != "" && !app.attaches {
		s.warn("attach", app.server+" has a server that is not attached yet", "attach(io) behind new Server(…): "+attachGuide)
	}
	if i := slices.IndexFunc(app.habits, func(h habit) bool { return h.variable == "SOCKET_PATH" }); i >= 0 && s.config.AppHandles() && !isSet(s.config)["SOCKET_PATH"] {
		s.warn("attach", "the app's sockets have a path of their own", app.habits[i].line())
	}
	s.memory(app)
}

var (
	// notesSocket is where a client's socket goes into a variable of the process.
	notesSocket = regexp.MustCompile(`(?s)\.\s*(?:set|add|push)\([^;]{0,200}?\bsocket\b|\w\[[^\[\]\n]{1,60}\]\s*=[^=;\n][^;\n]{0,120}?\bsocket\b|\[\s*\w*\.?socket\.id\s*\]\s*=[^=]`)
	// notesOnSocket is where something is put on the socket itself.
	notesOnSocket = regexp.MustCompile(`\bsocket\.(\w+)\s*=[^=>]`)
)

// memory names what handlers remember of a client that tells them once: over a deploy it is gone, and the client does not know.
func (s start) memory(app appEvents) {
	if app.anew {
		return
	}
	var lines []string
	for _, h := range app.handlings {
		onSocket := slices.ContainsFunc(notesOnSocket.FindAllStringSubmatch(h.body, -1), func(found []string) bool { return found[1] != "data" })
		if line := h.place(); (onSocket || notesSocket.MatchString(h.body)) && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) > 0 {
		s.warn("memory", "handlers remember who a client is, in the process alone, when it says so; it is kept over a deploy, and does not say it again: attach(io, { keep: false }) has it begin anew, "+
			"or put it into socket.data ("+attachGuide+"#deploys)", lines...)
	}
}

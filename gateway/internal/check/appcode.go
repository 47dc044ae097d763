package check

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// appEvents are the events that an app's code names, each with the file that names it first.
type appEvents struct {
	in  map[string]string // clients send them, or a server takes them
	out map[string]string // clients listen for them, or a server sends them
	// heard are those of out that clients listen for.
	heard map[string]bool
	// toAll are those that a server tells whoever is connected.
	toAll map[string]bool
	// places are file and line where each is named first, "on " before those that clients listen for.
	places map[string]string

	server       string       // the first file that has a server's side
	client       string       // and a client's
	attaches     bool         // it has the line that attaches it
	anew         bool         // and says that its clients begin anew after a deploy
	handlings    []handling   // what the server does with events
	habits       []habit      // what a variable is for
	beyond       []string     // what none is for
	joinsAll     string       // the file that has users join all of their rooms
	schema       string       // the file of a Prisma schema that has participants
	participants participants // as the schema has them
	fields       fields       // what messages have besides a text
	store        foreign      // a database that the gateway does not speak
	logins       []habit      // how the app knows its users
	cut          bool         // there are more files than were read
}

// codeOf is what a file has, without its comments.
type codeOf struct{ name, text string }

func noCode() appEvents {
	return appEvents{in: map[string]string{}, out: map[string]string{}, heard: map[string]bool{}, toAll: map[string]bool{}, places: map[string]string{}}
}

// Bounds of what is read: an app's own code is far smaller.
const (
	mostCodeFiles = 5000
	mostCodeBytes = 1 << 20 // of one file
)

// readAppCode reads the app's code below a folder for what it sends and takes by Socket.IO. What is not there, or can't be
// read, says nothing.
func readAppCode(dir string) appEvents {
	events := noCode()
	files := 0
	names := constants{}
	var all []codeOf
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case d.IsDir() && path != dir && (foreignFolders[d.Name()] || strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case d.IsDir() || !codeFile.MatchString(d.Name()) && filepath.Ext(path) != ".prisma" && d.Name() != "package.json" || testFile.MatchString(path):
			return nil
		}
		if files++; files > mostCodeFiles {
			events.cut = true
			return filepath.SkipAll
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() <= mostCodeBytes { // and no pipe, also behind a link
			if text, err := os.ReadFile(path); err == nil {
				name, _ := filepath.Rel(dir, path)
				switch filepath.Ext(name) {
				case ".prisma":
					events.readSchema(name, string(text))
				case ".json":
					events.readPackage(name, string(text))
				default:
					code := withoutComments(string(text))
					names.learn(code)
					events.readLogin(name, code)
					events.readRoute(name, code)
					if usesSocketIO.MatchString(code) {
						all = append(all, codeOf{name, code})
					}
				}
			}
		}
		return nil
	})
	for _, file := range all {
		events.read(file.name, names.spell(called(file.text)))
	}
	return events
}

// foreignFolders hold what the app's people have not written.
var foreignFolders = map[string]bool{
	"node_modules": true, "dist": true, "build": true, "out": true, "coverage": true, "public": true, "generated": true, "vendor": true,
}

var (
	codeFile = regexp.MustCompile(`\.([cm]?[jt]sx?|vue|svelte)$`)
	testFile = regexp.MustCompile(`(\.(test|spec|stories|d)\.[a-z]+$)|(^|/)(__tests__|tests?|e2e|cypress)/`)

	// call is an event that is sent or listened for, by a name that stands there.
	call = regexp.MustCompile("\\.\\s*(emit|emitWithAck|on|once)\\s*(?:<[^>()]*>)?\\(\\s*[\"'`]([^\"'`$\\n]{1,60})[\"'`]")
	// receiver is who has such events: process.on and emitter.emit are others.
	receiver = regexp.MustCompile(`(?i)\b(\w*socket\w*|io|\w+\.io|this\.server|getio\(\)|\w*nsp|\w*namespace)\b`)
	// within is what says something to the server's own code only.
	within = regexp.MustCompile(`\b(?:engine|adapter)\s*[?!]?\s*$`)
	// decorated is an event that a class of Nest takes.
	decorated = regexp.MustCompile("@SubscribeMessage\\(\\s*[\"'`]([^\"'`$\\n]{1,60})[\"'`]")

	usesSocketIO  = regexp.MustCompile(`(?i)socket`)
	isServersFile = regexp.MustCompile(`["'](?:socket\.io|@nestjs/websockets)["']|\bio\s*\.\s*on\(\s*["']connection["']`)
	// doesAsServers is of handlers in a file of their own, as socket.io's documentation has them: (io, socket) => { socket.on("room:join", join) }.
	doesAsServers = regexp.MustCompile(`\b(?:io|socket)\s*\.\s*(?:to|in|except|join|leave|broadcast|handshake|rooms)\b`)
	isClientsFile = regexp.MustCompile(`["']socket\.io-client["']`)
	attachesIt    = regexp.MustCompile(`["']@socketgate/attach["']`)
	beginsAnew    = regexp.MustCompile(`\battach\([^;]{0,300}?\bkeep\s*:\s*false\b`)
	// isServersCall is a call that only a server can make, in whatever file.
	isServersCall = regexp.MustCompile(`(?i)\bio\b|\.\s*(to|in|broadcast|except)\b`)
)

// readSchema looks for the participants in a file of a Prisma schema.
func (e *appEvents) readSchema(name, text string) {
	e.readProvider(name, text)
	text = withoutComments(text)
	e.fields.readSchema(name, text)
	if found, ok := participantsIn(text); ok && e.schema == "" {
		e.schema, e.participants = name, found
	}
}

// read takes the events of one file that uses Socket.IO, and what else it does. Its comments are gone.
func (e *appEvents) read(name, text string) {
	e.readHabits(name, text)
	e.readBeyond(name, text)
	e.fields.readCode(name, text)
	servers := isServersFile.MatchString(text) || doesAsServers.MatchString(text) && !isClientsFile.MatchString(text)
	e.readSides(name, text, servers)
	e.readHandlings(name, text, servers)
	for _, told := range toEverybody.FindAllStringSubmatch(text, -1) {
		e.toAll[told[1]] = true
	}
	for _, at := range call.FindAllStringSubmatchIndex(text, -1) {
		verb, event := text[at[2]:at[3]], text[at[4]:at[5]]
		statement := statementBefore(text[:at[0]])
		if libraryEvents[event] || !receiver.MatchString(statement) || within.MatchString(statement) {
			continue
		}
		listens := verb == "on" || verb == "once"
		byServer := servers || isServersCall.MatchString(statement)
		place := placeIn(name, text, at[0])
		if listens == byServer {
			note(e.in, event, name)
			note(e.places, event, place)
			continue
		}
		note(e.places, "on "+event, place)
		note(e.out, event, name)
		if listens {
			e.heard[event] = true
		}
	}
}

// readSides notes whose code a file is.
func (e *appEvents) readSides(name, text string, servers bool) {
	if servers && e.server == "" {
		e.server = name
	}
	if e.client == "" && isClientsFile.MatchString(text) {
		e.client = name
	}
	e.attaches = e.attaches || attachesIt.MatchString(text)
	e.anew = e.anew || beginsAnew.MatchString(text)
	for _, at := range decorated.FindAllStringSubmatchIndex(text, -1) {
		note(e.in, text[at[2]:at[3]], name)
		note(e.places, text[at[2]:at[3]], placeIn(name, text, at[0]))
	}
}

// libraryEvents are what the libraries themselves say to an app.
var libraryEvents = map[string]bool{
	"connect": true, "connect_error": true, "disconnect": true, "disconnecting": true, "connection": true, "error": true,
	"reconnect": true, "reconnect_attempt": true, "reconnect_error": true, "reconnect_failed": true, "reconnecting": true,
	"connect_timeout": true, "ping": true, "pong": true, "upgrade": true, "close": true, "open": true, "message_error": true,
	"listening": true,
}

// filledIn is a value within a text, as in io.to(`room:${id}`), whose braces are no end of a statement.
var filledIn = regexp.MustCompile(`\$\{[^{}]*\}`)

// statementBefore is what a call is made on: the text back to where its statement begins.
func statementBefore(text string) string {
	const longest = 200
	if len(text) > longest {
		text = text[len(text)-longest:]
	}
	text = filledIn.ReplaceAllString(text, "$$")
	if i := strings.LastIndexAny(text, ";{}"); i >= 0 {
		text = text[i+1:]
	}
	for i := strings.LastIndexByte(text, '\n'); i >= 0; i = strings.LastIndexByte(text[:i], '\n') {
		if rest := strings.TrimSpace(text[i:]); rest != "" && !strings.HasPrefix(rest, ".") && !strings.HasPrefix(rest, "?.") {
			return text[i:]
		}
	}
	return text
}

func note(events map[string]string, event, file string) {
	if events[event] == "" {
		events[event] = file
	}
}

func namesOf(events map[string]string) []string {
	names := make([]string, 0, len(events))
	for name := range events {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

package check

import (
	"regexp"
	"strings"
)

// What a file calls a server, a client's socket on it, and a socket of a client.
var (
	importsIt   = regexp.MustCompile(`import\s*(?:type\s*)?\{([^{}]*)\}\s*from\s*["']socket\.io["']|\{([^{}]*)\}\s*=\s*require\(\s*["']socket\.io["']\s*\)`)
	importsAll  = regexp.MustCompile(`import\s+(?:\*\s*as\s+)?(\w+)\s*(?:,\s*\{[^{}]*\}\s*)?from\s*["']socket\.io["']|\b(?:const|let|var)\s+(\w+)\s*=\s*require\(\s*["']socket\.io["']\s*\)`)
	importedAs  = regexp.MustCompile(`\bServer(?:\s+as\s+|\s*:\s*)(\w+)`)
	takesClient = regexp.MustCompile("\\.on\\(\\s*[\"'`]connect(?:ion)?[\"'`]\\s*,\\s*(?:async\\s*)?(?:function\\s*\\w*\\s*)?(?:\\(\\s*(\\w+)|(\\w+)\\s*=>)")
	typedSocket = regexp.MustCompile(`\b(\w+)\s*:\s*(?:\w+\.)?Socket\b`)
	makesServer = regexp.MustCompile(`\b(\w+)\s*=\s*require\(\s*["']socket\.io["']\s*\)\(`)
	makesClient = regexp.MustCompile(`\b(\w+)\s*(?::[^=;\n]+)?=\s*io\(`)
)

// called has a file call them io and socket, as most do, whatever it does: ws, client, wss. Its lines stay where they are.
func called(text string) string {
	for _, name := range namesIn(text, makesClient, isClientsFile) {
		text = renamed(text, name, "socket")
	}
	imported, all := importsIt.FindStringSubmatch(text), namesIn(text, importsAll, nil)
	if imported == nil && all == nil && !makesServer.MatchString(text) {
		return text
	}
	for _, name := range namesIn(text, takesClient, nil) {
		text = renamed(text, name, "socket")
	}
	for _, name := range namesIn(text, typedSocket, nil) {
		text = renamed(text, name, "socket")
	}
	maker := "Server"
	if imported != nil {
		if as := importedAs.FindStringSubmatch(imported[0]); as != nil {
			maker = as[1]
		}
	}
	makers := `new\s+` + maker + `\b`
	for _, name := range all { // socketio(server), new socketio.Server(server)
		makers += `|(?:new\s+)?` + name + `(?:\.Server)?\s*(?:<[^>()]*>)?\(`
	}
	constructs := regexp.MustCompile(`\b(\w+)\s*(?::[^=;\n]+)?=\s*(?:` + makers + `)`)
	for _, name := range append(namesIn(text, constructs, nil), namesIn(text, makesServer, nil)...) {
		text = renamed(text, name, "io")
	}
	return text
}

// namesIn are the names that a pattern's groups find, in files of which another finds something.
func namesIn(text string, pattern, where *regexp.Regexp) (names []string) {
	if where != nil && !where.MatchString(text) {
		return nil
	}
	for _, found := range pattern.FindAllStringSubmatch(text, -1) {
		names = append(names, strings.Join(found[1:], ""))
	}
	return names
}

// renamed has a variable of the file called otherwise; keys and fields of that name stay.
func renamed(text, name, as string) string {
	if name == as || name == "this" {
		return text
	}
	return regexp.MustCompile("(^|[^\\w$.\"'`-]|\\bthis\\.|\\.\\.\\.)"+regexp.QuoteMeta(name)+`(\W)`).ReplaceAllString(text, "${1}"+as+"${2}")
}

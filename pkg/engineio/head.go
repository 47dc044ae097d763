package engineio

import (
	"bytes"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// A Door understands a request on one condition: that nobody could understand it otherwise. parseHandshake is stricter than
// net/http, so that whatever two servers have been known to read differently is left to the one that all know: folded lines,
// bare line feeds, spaces around names, bodies, two Hosts, other forms of the target. What it does return is what
// http.ReadRequest returns, which FuzzHead checks.

const (
	requestStart = "GET /"
	requestEnd   = " HTTP/1.1"
)

// headEnd returns where the head of a request ends for whoever reads it: behind the first empty line. 0 means that it goes on.
func headEnd(data []byte) int {
	for i := 0; ; {
		feed := bytes.IndexByte(data[i:], '\n')
		if feed < 0 {
			return 0
		}
		i += feed + 1
		switch rest := data[i:]; {
		case len(rest) > 0 && rest[0] == '\n':
			return i + 1
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return i + 2
		}
	}
}

// maybeHandshake tells whether a request that begins so can become a handshake.
func maybeHandshake(data []byte) bool {
	n := min(len(data), len(requestStart))
	return string(data[:n]) == requestStart[:n]
}

// parseHandshake returns the request of a WebSocket handshake that is whole and beyond doubt, and nil for all others. Head
// includes the empty line.
func parseHandshake(head []byte) *http.Request {
	text, ok := strings.CutSuffix(string(head), "\r\n\r\n")
	if !ok {
		return nil
	}
	line, rest, _ := strings.Cut(text, "\r\n")
	target, ok := strings.CutSuffix(line, requestEnd)
	if !ok || !strings.HasPrefix(target, requestStart) || !isVisible(target[len("GET "):]) {
		return nil
	}
	target = target[len("GET "):]
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil
	}
	r := &http.Request{
		Method: http.MethodGet, URL: u, RequestURI: target, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody,
	}
	if r.Header = parseFields(rest); r.Header == nil || !isHandshake(r.Header) {
		return nil
	}
	r.Host = r.Header["Host"][0]
	delete(r.Header, "Host")
	return r
}

// parseFields reads the lines of a head. Nil means that one of them has to be judged by net/http.
func parseFields(text string) http.Header {
	count := strings.Count(text, "\n") + 1
	values, header := make([]string, count), make(http.Header, count)
	for i := range count {
		line, rest, _ := strings.Cut(text, "\r\n")
		text = rest
		name, value, ok := strings.Cut(line, ":")
		if value = strings.Trim(value, " "); !ok || !isName(name) || !isText(value) {
			return nil
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		values[i] = value
		if before := header[name]; before != nil {
			header[name] = append(before, value)
		} else {
			header[name] = values[i : i+1 : i+1]
		}
	}
	return header
}

// onlyOnce are the fields that a handshake has one of.
var onlyOnce = [...]string{"Host", "Upgrade", "Connection", "Sec-Websocket-Key", "Sec-Websocket-Version"}

// notHere are the fields that net/http acts upon: there may be a body, or an answer before it.
var notHere = [...]string{"Content-Length", "Transfer-Encoding", "Trailer", "Expect", "Pragma"}

func isHandshake(header http.Header) bool {
	for _, name := range onlyOnce {
		if len(header[name]) != 1 {
			return false
		}
	}
	for _, name := range notHere {
		if header[name] != nil {
			return false
		}
	}
	return isHost(header["Host"][0]) && strings.EqualFold(header["Upgrade"][0], "websocket") && keepsToUpgrade(header["Connection"][0]) &&
		header["Sec-Websocket-Version"][0] == "13" && len(header["Sec-Websocket-Key"][0]) == 24
}

// keepsToUpgrade tells whether a Connection header asks for an upgrade, and not for the end.
func keepsToUpgrade(connection string) bool {
	upgrade := false
	for option := range strings.SplitSeq(connection, ",") {
		switch option = strings.TrimSpace(option); {
		case strings.EqualFold(option, "upgrade"):
			upgrade = true
		case !strings.EqualFold(option, "keep-alive"):
			return false
		}
	}
	return upgrade
}

func isHost(text string) bool { return text != "" && !slices.ContainsFunc([]byte(text), notOfHost) }

func notOfHost(c byte) bool { return !isOfName(c) && c != '.' && c != ':' && c != '[' && c != ']' }

func isName(text string) bool {
	for i := range len(text) {
		if !isOfName(text[i]) {
			return false
		}
	}
	return text != ""
}

func isOfName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// isText tells whether a value is of visible ASCII and spaces.
func isText(value string) bool {
	for i := range len(value) {
		if value[i] < ' ' || value[i] > '~' {
			return false
		}
	}
	return true
}

func isVisible(target string) bool { return isText(target) && !strings.Contains(target, " ") }

package engineio

import (
	"bytes"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// A Door understands a request on one condition: that nobody could understand it otherwise. parseRequest is stricter than
// net/http, so that whatever two servers have been known to read differently is left to the one that all know: folded lines,
// bare line feeds, spaces around names, chunks, two Hosts or lengths, other forms of the target. What it does return is what
// http.ReadRequest returns, which FuzzHead checks.

// requestStarts are how the requests begin that a Door may understand.
var requestStarts = [...]string{"GET /", "POST /", "OPTIONS /"}

const requestEnd = " HTTP/1.1"

// foreignStarts are how other protocols begin that a wrong setting of a proxy or a client brings here: a TLS handshake, and both forms of the
// PROXY protocol.
var foreignStarts = [...]string{"\x16\x03", "PROXY ", "\r\n\r\n\x00\r\nQUIT\n"}

func isForeign(data []byte) bool {
	for _, start := range foreignStarts {
		if len(data) >= len(start) && string(data[:len(start)]) == start {
			return true
		}
	}
	return false
}

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

// maybeRequest tells whether a request that begins so can become one that the Door understands.
func maybeRequest(data []byte) bool {
	if line, _, whole := bytes.Cut(data, []byte("\n")); whole && !bytes.HasSuffix(line, []byte(requestEnd+"\r")) {
		return false
	}
	for _, start := range requestStarts {
		if n := min(len(data), len(start)); string(data[:n]) == start[:n] {
			return true
		}
	}
	return false
}

// parseRequest returns a WebSocket handshake, or a request that long-polling may have, that is beyond doubt, and nil for all others. Head
// includes the empty line. The request's body, if it has one, is the caller's affair.
func parseRequest(head []byte) *http.Request {
	text, ok := strings.CutSuffix(string(head), "\r\n\r\n")
	if !ok || !maybeRequest(head) {
		return nil
	}
	line, rest, _ := strings.Cut(text, "\r\n")
	line, ok = strings.CutSuffix(line, requestEnd)
	method, target, _ := strings.Cut(line, " ")
	if !ok || !isVisible(target) {
		return nil
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil
	}
	r := &http.Request{
		Method: method, URL: u, RequestURI: target, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody,
	}
	if r.Header = parseFields(rest); r.Header == nil || !isPlain(r.Header) {
		return nil
	}
	if r.Header["Upgrade"] != nil {
		ok = method == http.MethodGet && isHandshake(r.Header)
	} else {
		r.Close, ok = parseConnection(r.Header["Connection"])
	}
	length, known := parseLength(r.Header["Content-Length"])
	if !ok || !known || (method == http.MethodPost) != (r.Header["Content-Length"] != nil) {
		return nil
	}
	r.ContentLength = length
	r.Host = r.Header["Host"][0]
	delete(r.Header, "Host")
	if p := r.Header["Pragma"]; p != nil && p[0] == "no-cache" && r.Header["Cache-Control"] == nil {
		r.Header["Cache-Control"] = []string{"no-cache"} // as net/http has it
	}
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

// notHere are the fields with which net/http would read a body differently, or answer before it.
var notHere = [...]string{"Transfer-Encoding", "Trailer", "Expect"}

func isPlain(header http.Header) bool {
	for _, name := range notHere {
		if header[name] != nil {
			return false
		}
	}
	return len(header["Host"]) == 1 && isHost(header["Host"][0])
}

// onlyOnce are the fields that a handshake has one of.
var onlyOnce = [...]string{"Upgrade", "Connection", "Sec-Websocket-Key", "Sec-Websocket-Version"}

func isHandshake(header http.Header) bool {
	for _, name := range onlyOnce {
		if len(header[name]) != 1 {
			return false
		}
	}
	return strings.EqualFold(header["Upgrade"][0], "websocket") && keepsToUpgrade(header["Connection"][0]) &&
		header["Sec-Websocket-Version"][0] == "13" && len(header["Sec-Websocket-Key"][0]) == 24
}

// parseConnection tells whether the client wants the connection closed after the answer. Proxies say "upgrade" of every request.
func parseConnection(values []string) (closes, ok bool) {
	if len(values) > 1 {
		return false, false
	}
	for _, value := range values {
		for option := range strings.SplitSeq(value, ",") {
			switch option = strings.TrimSpace(option); {
			case strings.EqualFold(option, "close"):
				closes = true
			case !strings.EqualFold(option, "keep-alive") && !strings.EqualFold(option, "upgrade"):
				return false, false
			}
		}
	}
	return closes, true
}

// maxLengthDigits keeps lengths to what fits anywhere.
const maxLengthDigits = 9

// parseLength reads a Content-Length. Without one, the length is zero.
func parseLength(values []string) (length int64, ok bool) {
	switch {
	case values == nil:
		return 0, true
	case len(values) > 1 || values[0] == "" || len(values[0]) > maxLengthDigits:
		return 0, false
	}
	for _, digit := range []byte(values[0]) {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		length = 10*length + int64(digit-'0')
	}
	return length, true
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

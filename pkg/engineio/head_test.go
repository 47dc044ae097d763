package engineio

import (
	"bufio"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// FuzzHead holds the Door's reading of a head against net/http's: what it takes means the same there, and ends there.
func FuzzHead(f *testing.F) {
	good := upgradeRequest(handshakeQuery)
	poll := "GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n"
	post := strings.Replace(poll, "GET", "POST", 1)
	length := func(values ...string) string {
		return strings.Replace(post, "Host: x", "Host: x\r\nContent-Length: "+strings.Join(values, "\r\nContent-Length: "), 1) + "4hello"
	}
	for _, seed := range []string{
		good, good + good, good[:len(good)-2], "", "GET /", "\r\n" + good, "GET / HTTP/1.1\n\n", "GET / HTTP/1.1\nHost: x\n\r\n",
		strings.Replace(good, "HTTP/1.1", "HTTP/1.0", 1), strings.Replace(good, "GET", "get", 1), strings.Replace(good, "/engine.io/", "http://x/engine.io/", 1),
		strings.Replace(good, "/engine.io/", "//x/%65ngine.io/%2f#a", 1), strings.Replace(good, "Host: x\r\n", "", 1),
		strings.Replace(good, "Host: x\r\n", "Host: x\r\nHost: y\r\n", 1), strings.Replace(good, "Host: x", "Host: [::1]:80", 1),
		strings.Replace(good, "Host: x", "Host: x y", 1), strings.Replace(good, "Host: x", "Host : x", 1), strings.Replace(good, "Host: x", "host:x ", 1),
		strings.Replace(good, "Host: x", "Host: x\r\n folded", 1), strings.Replace(good, "Host: x", "Host: x\r\nA:\tb\r\nA: c\r\na: d", 1),
		strings.Replace(good, "Host: x", "Host: x\r\nContent-Length: 0", 1), strings.Replace(good, "Host: x", "Host: x\r\nContent-Length: 5\r\nContent-Length: 5", 1),
		strings.Replace(good, "Host: x", "Host: x\r\nTransfer-Encoding: chunked", 1), strings.Replace(good, "Host: x", "Host: x\r\nTransfer_Encoding: chunked", 1),
		strings.Replace(good, "Host: x", "Host: x\r\nPragma: no-cache", 1), strings.Replace(good, "Host: x", "Host: x\r\nExpect: 100-continue", 1),
		strings.Replace(good, "Connection: Upgrade", "Connection: keep-alive, Upgrade", 1), strings.Replace(good, "Connection: Upgrade", "Connection: close, upgrade", 1),
		poll, poll + poll, poll + good, post, length("6"), length("0"), length("06"), length("+6"), length("-6"), length("6", "6"), length("6, 6"), length(""), length("0x6"),
		length("99999999999999999999"), strings.Replace(poll, "GET", "OPTIONS", 1), strings.Replace(poll, "GET", "PUT", 1), strings.Replace(poll, "keep-alive", "close", 1),
		strings.Replace(poll, "keep-alive", "Close, Keep-Alive", 1), strings.Replace(poll, "keep-alive", "Upgrade", 1), strings.Replace(poll, "keep-alive", "", 1),
		strings.Replace(poll, "Host: x", "Host: x\r\nPragma: no-cache", 1), strings.Replace(poll, "Host: x", "Host: x\r\nPragma: no-cache\r\nCache-Control: max-age=0", 1),
		strings.Replace(poll, "Host: x", "Host: x\r\nPragma: x\r\nPragma: no-cache", 1), strings.Replace(poll, "Host: x", "Host: x\r\nUpgrade: h2c", 1),
		strings.Replace(good, "Host: x", "Host: x\r\n:\r\nCookie: \x80\xff", 1), strings.Replace(good, "Host: x", "Host: x\r\nCookie: a=\x00b", 1),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		end := headEnd(data)
		for i := range min(end, 50) {
			if headEnd(data[:i]) != 0 {
				t.Fatalf("%q ends early, at %d of %d", data, i, end)
			}
		}
		if end == 0 {
			return
		}
		got := parseRequest(data[:end])
		if got == nil {
			return
		}
		if !maybeRequest(data[:end]) {
			t.Fatalf("%q is given up before it is whole", data)
		}
		reader := bufio.NewReader(strings.NewReader(string(data)))
		want, err := http.ReadRequest(reader)
		if err != nil {
			t.Fatalf("%q: net/http says %v", data, err)
		}
		if rest := bodyAndRest(want, reader); rest != len(data)-end {
			t.Fatalf("%q ends at %d, for net/http at %d", data, end, len(data)-rest)
		}
		if got.Method != want.Method || *got.URL != *want.URL || got.RequestURI != want.RequestURI || got.Host != want.Host || got.Proto != want.Proto ||
			got.ProtoMajor != want.ProtoMajor || got.ProtoMinor != want.ProtoMinor || got.ContentLength != want.ContentLength || got.Close != want.Close ||
			got.ContentLength == 0 && got.Body != want.Body || len(want.TransferEncoding) > 0 || want.Trailer != nil || want.Host == "" {
			t.Fatalf("%q is %+v, for net/http %+v", data, got, want)
		}
		if !maps.EqualFunc(got.Header, want.Header, slices.Equal) {
			t.Fatalf("%q has %v, for net/http %v", data, got.Header, want.Header)
		}
	})
}

// bodyAndRest returns how many bytes are behind a head, checking that the body is as long as it says if they are there.
func bodyAndRest(r *http.Request, behind *bufio.Reader) int {
	body, err := io.ReadAll(r.Body)
	rest, _ := io.ReadAll(behind)
	if err == nil && int64(len(body)) != r.ContentLength {
		return -1
	}
	return len(body) + len(rest)
}

func TestAHeadEndsAtItsFirstEmptyLine(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]int{
		"": 0, "\n": 0, "a\r\n": 0, "a\r\n\r": 0, "a\n\r": 0, "a\r\rb": 0, "a\r\n \r\n": 0,
		"a\r\n\r\n": 5, "a\r\n\r\nb\r\n\r\n": 5, "a\n\n": 3, "a\n\r\n": 4, "a\r\n\n": 4, "\n\n\n": 2,
	} {
		if got := headEnd([]byte(head)); got != want {
			t.Errorf("%q ends at %d, want %d", head, got, want)
		}
	}
}

package attach

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

func newWords() *words { return &words{numbers: make(map[string]uint64)} }

func handshakeOf(agent, cookie string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/socket.io/?EIO=4&transport=websocket", nil)
	r.RemoteAddr = "192.0.2.1:4711"
	r.Header = http.Header{"User-Agent": {agent}, "Cookie": {cookie}, "X-Mine": {"a", "b"}}
	return r
}

func TestAHandshakeComesBackAsItWas(t *testing.T) {
	t.Parallel()
	w := newWords()
	for range 2 { // with words that are new, and that are known
		got := w.unpack(w.pack(handshakeOf("a browser", "token=1")))
		want := head{
			Method: "GET", URL: "/socket.io/?EIO=4&transport=websocket", RemoteAddress: "192.0.2.1", RemotePort: 4711,
			Headers: [][2]string{{"Host", "example.com"}, {"Cookie", "token=1"}, {"User-Agent", "a browser"}, {"X-Mine", "a"}, {"X-Mine", "b"}},
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("it is %+v", got)
		}
	}
}

func TestWhatIsAPersonsIsNoWord(t *testing.T) {
	t.Parallel()
	w := newWords()
	w.pack(handshakeOf("a browser", "token=1"))
	for _, word := range w.since(0) {
		if word == "token=1" || word == "a" {
			t.Errorf("%q is a word", word)
		}
	}
}

func TestMadeUpBrowsersFillNoMoreThanTheirBound(t *testing.T) {
	t.Parallel()
	w := newWords()
	for i := range 2 * maxWords {
		w.pack(handshakeOf(fmt.Sprint("browser ", i), "token=1"))
	}
	w.pack(handshakeOf(string(bytes.Repeat([]byte("x"), 2*maxWord)), "token=1"))
	if n := len(w.since(0)); n != maxWords {
		t.Errorf("%d words", n)
	}
	if got := w.unpack(w.pack(handshakeOf("the last one", "token=2"))); got.Headers[2][1] != "the last one" {
		t.Errorf("it is %+v", got)
	}
}

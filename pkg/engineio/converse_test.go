package engineio

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// talk is what a client says on one connection, in these pieces. SID stands for the id of a session that is open, OTHER for another's.
type talk struct {
	said  string
	piece int // the length of pieces; 0: all at once
}

// talkServer are the timeouts of the gateway.
func talkServer() *http.Server {
	return &http.Server{ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10}
}

var talkOptions = Options{
	MaxPayload: 4000, PendingPayload: 4000, SendQueueBytes: 1 << 20, CloseGrace: time.Second, Identify: cookieIs,
	Allow: func(r *http.Request) bool { return r.Header.Get("Origin") != "https://evil.example" },
	CORS:  listed,
}

var noises = regexp.MustCompile(`Date: [^\r]*`)

// outcomeOf is what a talk comes to.
type outcomeOf struct{ answered, end, counted string }

func (o outcomeOf) String() string { return o.answered + "\n" + o.end + "\n" + o.counted }

// isLike tells whether two are the same but for what net/http says to whoever does not come to the end of a head, when it has seen a bad
// line or after some time; the Door passes it on when the head has come to its end, or cuts it.
func (o outcomeOf) isLike(other outcomeOf) bool {
	before, otherBefore := badRequestOfNetHTTP.ReplaceAllString(o.answered, ""), badRequestOfNetHTTP.ReplaceAllString(other.answered, "")
	return before == otherBefore && o.counted == other.counted &&
		(o.end == other.end || before != o.answered || otherBefore != other.answered || o.end == "closed after 10s")
}

// outcome returns all that is answered until the server closes the connection, or two minutes have passed, and what the server's other
// sides were told. The session is sent something as soon as the client has said all, and again later.
func (k talk) outcome(t *testing.T, byDoor bool) (told outcomeOf) {
	synctest.Test(t, func(t *testing.T) {
		seen := &causes{make(chan struct{}, 10_000), make(chan Reason, 10_000), make(chan string, 10_000)}
		h := &recorder{opened: make(chan *Session, 10_000), closed: make(chan Reason, 10_000)}
		o := talkOptions
		o.Observer = seen
		server, network := serveMemoryBy(t, h, o, talkServer(), byDoor)
		network.poller().open()
		s := <-h.opened
		network.poller().open()
		other := <-h.opened
		conn := network.connect()
		var answer strings.Builder
		closed := make(chan time.Time, 1)
		go func() { io.Copy(&answer, conn); closed <- time.Now() }()
		start := time.Now()
		go k.say(conn, strings.NewReplacer("SID", s.ID(), "OTHER", other.ID()).Replace(k.said))
		synctest.Wait()
		s.Send(Message([]byte("news")))
		time.Sleep(15 * time.Second)
		s.Send(Message([]byte("more news")))
		time.Sleep(105 * time.Second)
		synctest.Wait()
		end := "kept"
		select {
		case at := <-closed:
			end = fmt.Sprintf("closed after %v", at.Sub(start).Round(2*time.Second)) // net/http and the wheel have ticks of their own
		default:
			conn.Close()
			<-closed
		}
		answered := noises.ReplaceAllString(answer.String(), "Date: today")
		answered = secretID.ReplaceAllString(strings.NewReplacer(s.ID(), "SID", other.ID(), "OTHER").Replace(answered), "sid")
		synctest.Wait()
		counted := fmt.Sprintf("refused: %s\nended: %q\n%d sessions", drained(seen.refused), drained(h.closed), server.Sessions())
		told = outcomeOf{answered, end, counted}
		for _, s := range server.open() {
			s.end(ForcedClose)
		}
	})
	return told
}

var badRequestOfNetHTTP = regexp.MustCompile("HTTP/1.1 4.. [^\r]*\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n4[^\r\n]*$")

func (k talk) say(conn io.Writer, said string) {
	piece := k.piece
	if piece == 0 {
		piece = max(1, len(said))
	}
	for part := range slices.Chunk([]byte(said), piece) {
		if _, err := conn.Write(part); err != nil {
			return
		}
	}
}

func drained[T any](c chan T) (all []T) {
	for len(c) > 0 {
		all = append(all, <-c)
	}
	return all
}

func pollRequest(method, query string, lines ...string) string {
	return method + " /engine.io/?EIO=4&transport=polling" + query + " HTTP/1.1\r\nHost: x\r\n" + strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

func postRequest(query, body string, lines ...string) string {
	return pollRequest("POST", query, append(lines, fmt.Sprint("Content-Length: ", len(body)))...) + body
}

// talks are conversations of clients and attackers with a server of long-polling.
func talks() map[string]string {
	const sid, gzip = "&sid=SID", "Accept-Encoding: gzip"
	get, post := pollRequest, postRequest
	long := strings.Repeat("x", 1100)
	all := map[string]string{
		"a handshake":                   get("GET", ""),
		"a handshake, closed":           get("GET", "", "Connection: close"),
		"a handshake, kept":             get("GET", "", "Connection: keep-alive"),
		"a handshake with news of CORS": get("GET", "", "Origin: https://app.example"),
		"of a foreign page":             get("GET", "", "Origin: https://other.example"),
		"of an evil page":               get("GET", "", "Origin: https://evil.example"),
		"of a known user":               get("GET", "", "Cookie: token=ann"),
		"a browser's":                   get("GET", "", "Connection: keep-alive", "Pragma: no-cache", "Cache-Control: no-cache", "Accept: */*", gzip, "Referer: http://x/"),
		"behind nginx":                  get("GET", "", "Connection: upgrade") + post(sid, "4hello", "Connection: Upgrade, keep-alive") + get("GET", sid, "Connection: close, upgrade"),
		"another's":                     get("GET", "", "Pragma: no-cache"),
		"a poll":                        get("GET", sid),
		"a poll that is closed":         get("GET", sid, "Connection: close"),
		"a poll and another":            get("GET", sid) + get("GET", sid),
		"polls of two":                  get("GET", sid) + get("GET", "&sid=OTHER"),
		"a poll of nobody":              get("GET", "&sid=nobody"),
		"a packet":                      post(sid, "4hello"),
		"a packet and a poll":           post(sid, "4hello") + get("GET", sid),
		"packets":                       post(sid, "4a\x1ebAQID\x1e4c") + post(sid, "4d") + get("GET", sid) + get("GET", sid),
		"a packet that is closed":       post(sid, "4hello", "Connection: close"),
		"no packet":                     post(sid, ""),
		"a pong":                        post(sid, "3"),
		"a ping":                        post(sid, "2"),
		"garbage":                       post(sid, "abc"),
		"binary":                        post(sid, "4x", "Content-Type: application/octet-stream"),
		"text":                          post(sid, "4x", "Content-Type: text/plain;charset=UTF-8"),
		"goodbye":                       post(sid, "1") + get("GET", sid),
		"goodbye while a poll waits":    get("GET", sid) + post(sid, "1"),
		"much":                          post(sid, "4"+long) + get("GET", sid),
		"much, compressed":              post(sid, "4"+long+"\x1e4"+long) + get("GET", sid, gzip),
		"much, compressed or not":       post(sid, "4"+long) + post(sid, "4"+long) + get("GET", sid, "Accept-Encoding: br, gzip;q=0"),
		"too much":                      post(sid, strings.Repeat("4", 4001)),
		"too much, and a poll":          post(sid, strings.Repeat("4", 5000)) + get("GET", sid),
		"a packet for nobody":           post("&sid=nobody", "4hello") + get("GET", ""),
		"a packet for no session":       post("", "4hello") + get("GET", ""),
		"much for nobody":               post("&sid=nobody", strings.Repeat("4", 20_000)) + get("GET", ""),
		"half a packet":                 post(sid, "4hello")[:len(post(sid, "4hello"))-2],
		"half a packet for nobody":      post("&sid=nobody", "4hello")[:len(post("&sid=nobody", "4hello"))-2],
		"half a packet of binary":       post(sid, "4hello", "Content-Type: application/octet-stream")[:132],
		"a length and nothing":          strings.TrimSuffix(post(sid, strings.Repeat("4", 900)), strings.Repeat("4", 900)),
		"a huge length for nobody":      strings.Replace(post("&sid=nobody", "4"), "Length: 1", "Length: 999999999", 1),
		"no length":                     get("POST", sid),
		"chunks":                        get("POST", sid, "Transfer-Encoding: chunked") + "2\r\n4a\r\n0\r\n\r\n" + get("GET", sid),
		"to be continued":               post(sid, "4hello", "Expect: 100-continue") + get("GET", sid),
		"a preflight":                   get("OPTIONS", sid, "Origin: https://app.example", "Access-Control-Request-Headers: x-a"),
		"a foreign preflight":           get("OPTIONS", sid, "Origin: https://other.example"),
		"a preflight of nobody":         get("OPTIONS", ""),
		"PUT":                           get("PUT", sid) + get("GET", sid),
		"DELETE":                        get("DELETE", sid),
		"HEAD":                          get("HEAD", sid),
		"a handshake by POST":           post("", "4hello"),
		"the old protocol":              strings.Replace(get("GET", ""), "EIO=4", "EIO=3", 1),
		"no protocol":                   strings.Replace(get("GET", ""), "EIO=4", "", 1),
		"another transport":             strings.Replace(get("GET", ""), "polling", "carrier-pigeon", 1),
		"a WebSocket, by word":          strings.Replace(get("GET", ""), "polling", "websocket", 1),
		"a session of a known user":     get("GET", sid, "Cookie: token=eve"),
		"elsewhere":                     strings.Replace(get("GET", ""), "/engine.io/", "/elsewhere", 1) + get("GET", sid),
		"elsewhere, and behind it":      get("GET", "") + strings.Replace(get("GET", ""), "/engine.io/", "/elsewhere", 1) + get("GET", sid),
		"HTTP/1.0 behind a handshake":   get("GET", "") + strings.Replace(get("GET", sid), "HTTP/1.1", "HTTP/1.0", 1),
		"noise behind a handshake":      get("GET", "") + "\x00\xff\r\n\r\n",
		"half a head behind one":        get("GET", "") + get("GET", sid)[:60],
		"an empty line between":         get("GET", "") + "\r\n" + get("GET", ""),
		"an empty line behind a packet": post(sid, "4hello") + "\r\n" + get("GET", sid),
		"after a close":                 get("GET", "", "Connection: close") + get("GET", ""),
		"a hundred":                     strings.Repeat(get("GET", ""), 100),
		"a long head":                   get("GET", "", "Cookie: "+strings.Repeat("c", 20_000)),
		"a head too long":               get("GET", "", "Cookie: "+strings.Repeat("c", 50_000)),
		"an upgrade to h2c":             get("GET", "", "Connection: Upgrade", "Upgrade: h2c"),
		"an upgrade behind a handshake": get("GET", "") + upgradeRequest("/engine.io/?EIO=4&transport=websocket") + string(frame(finText, "4hello")),
		"an upgrade of a session": get("GET", sid, "Connection: keep-alive")[:0] + upgradeRequest("/engine.io/?EIO=4&transport=websocket&sid=SID") +
			string(frame(finText, "2probe")) + string(frame(finText, "5")) + string(frame(finText, "4hello")),
		"a probe that fails":   upgradeRequest("/engine.io/?EIO=4&transport=websocket&sid=SID") + string(frame(finText, "4hello")),
		"an upgrade of nobody": upgradeRequest("/engine.io/?EIO=4&transport=websocket&sid=nobody"),
	}
	return all
}

func TestConversationsOfPollingAreAnsweredAsByNetHTTP(t *testing.T) {
	t.Parallel()
	all := talks()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := talk{said: all[name]}.outcome(t, false)
			for _, piece := range []int{0, 1} {
				if piece == 1 && len(all[name]) > 3000 {
					continue
				}
				if got := (talk{all[name], piece}).outcome(t, true); !got.isLike(want) {
					t.Errorf("in pieces of %d:\n%s\nwithout the door:\n%s", piece, got, want)
				}
			}
		})
	}
}

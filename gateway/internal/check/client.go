package check

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

const (
	// patience bounds one request, or one step on a WebSocket.
	patience = 10 * time.Second
	// mostBody is as much of an answer as is read.
	mostBody = 64 << 10
)

// reply is what came back over HTTP.
type reply struct {
	status int
	header http.Header
	body   string
}

func (a reply) String() string {
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.status, kind))
}

// refusal is the gateway's own way of refusing: a code and a message of Engine.IO.
func (a reply) refusal() (code int, message string, ok bool) {
	var refused struct {
		Code    *int
		Message string
	}
	if json.Unmarshal([]byte(a.body), &refused) != nil || refused.Code == nil {
		return 0, "", false
	}
	return *refused.Code, refused.Message, true
}

// Codes of Engine.IO.
const (
	transportUnknown = 0
	sessionUnknown   = 1
	forbidden        = 4
)

// request sends one request on a connection of its own: what follows may reach another gateway.
func request(ctx context.Context, client *http.Client, method, url string, header http.Header, body string) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	r.Header = header.Clone()
	res, err := client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, mostBody))
	return reply{res.StatusCode, res.Header, string(text)}, err
}

func newClient(jar http.CookieJar) *http.Client {
	return &http.Client{
		Jar:           jar,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// opening is the first packet of a session.
type opening struct {
	SID                       string
	PingInterval, PingTimeout int // milliseconds
}

func readOpening(packet string) (opening, error) {
	var o opening
	if !strings.HasPrefix(packet, "0{") || json.Unmarshal([]byte(packet[1:]), &o) != nil || o.SID == "" {
		return o, errors.New("the answer is no Engine.IO handshake")
	}
	return o, nil
}

// line is a WebSocket to the gateway.
type line struct {
	conn net.Conn
	io.Reader
	opening
}

// notUpgraded is an answer to a WebSocket handshake other than 101.
type notUpgraded struct{ reply }

func (n notUpgraded) Error() string { return "the WebSocket handshake is answered " + n.String() }

// dial opens a WebSocket. With a session's id in the URL, the line is its upgrade, without an opening.
func dial(ctx context.Context, url string, header http.Header) (*line, error) {
	var refused *notUpgraded
	dialer := ws.Dialer{
		Timeout: patience,
		Header:  ws.HandshakeHeaderHTTP(header),
		OnStatusError: func(status int, _ []byte, raw io.Reader) {
			refused = &notUpgraded{reply{status: status}}
			if res, err := http.ReadResponse(bufio.NewReader(io.LimitReader(raw, mostBody)), nil); err == nil {
				text, _ := io.ReadAll(res.Body)
				refused.header, refused.body = res.Header, string(text)
				res.Body.Close()
			}
		},
	}
	conn, early, _, err := dialer.Dial(ctx, url)
	if refused != nil {
		return nil, *refused
	}
	if err != nil {
		return nil, err
	}
	l := &line{conn: conn, Reader: conn}
	if early != nil {
		l.Reader = early
	}
	return l, nil
}

// Write lets package wsutil answer pings of the WebSocket itself.
func (l *line) Write(b []byte) (int, error) { return l.conn.Write(b) }

func (l *line) close() {
	l.conn.SetDeadline(time.Now().Add(time.Second))
	ws.WriteFrame(l.conn, ws.MaskFrameInPlace(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, ""))))
	l.conn.Close()
}

func (l *line) say(packet string) error { return wsutil.WriteClientText(l, []byte(packet)) }

// hear returns the next packet, within a time.
func (l *line) hear(within time.Duration) (string, error) {
	l.conn.SetDeadline(time.Now().Add(within))
	packet, err := wsutil.ReadServerText(l)
	return string(packet), err
}

// answer returns the next packet that is no ping, and answers pings.
func (l *line) answer() (string, error) {
	for {
		packet, err := l.hear(patience)
		if err != nil || packet != "2" {
			return packet, err
		}
		if err := l.say("3"); err != nil {
			return "", err
		}
	}
}

// open reads the opening.
func (l *line) open() error {
	packet, err := l.hear(patience)
	if err == nil {
		l.opening, err = readOpening(packet)
	}
	return err
}

// errUnauthorized means that the gateway wants another token.
var errUnauthorized = errors.New("the gateway wants another token")

// connect joins the namespace, as a client does first.
func (l *line) connect(auth string) error {
	if err := l.say("40" + auth); err != nil {
		return err
	}
	packet, err := l.answer()
	switch {
	case err != nil:
		return err
	case strings.HasPrefix(packet, "44"):
		return errUnauthorized
	case !strings.HasPrefix(packet, "40"):
		return fmt.Errorf("CONNECT is answered by a packet %.2q", packet)
	}
	return nil
}

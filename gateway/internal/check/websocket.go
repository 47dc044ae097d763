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

// webSocket is a WebSocket to the gateway.
type webSocket struct {
	conn net.Conn
	io.Reader
	opening
}

// notUpgraded is an answer to a WebSocket handshake other than 101.
type notUpgraded struct{ reply }

func (n notUpgraded) Error() string { return "the WebSocket handshake is answered " + n.String() }

// dial opens a WebSocket. With a session's id in the URL, it is the upgrade of that, without an opening.
func dial(ctx context.Context, url string, header http.Header) (*webSocket, error) {
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
	socket := &webSocket{conn: conn, Reader: conn}
	if early != nil {
		socket.Reader = early
	}
	return socket, nil
}

// Write lets package wsutil answer pings of the WebSocket itself.
func (s *webSocket) Write(b []byte) (int, error) { return s.conn.Write(b) }

func (s *webSocket) close() {
	s.conn.SetDeadline(time.Now().Add(time.Second))
	ws.WriteFrame(s.conn, ws.MaskFrameInPlace(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, ""))))
	s.conn.Close()
}

func (s *webSocket) say(packet string) error { return wsutil.WriteClientText(s, []byte(packet)) }

// hear returns the next packet, within a time.
func (s *webSocket) hear(within time.Duration) (string, error) {
	s.conn.SetDeadline(time.Now().Add(within))
	packet, err := wsutil.ReadServerText(s)
	return string(packet), err
}

// answer returns the next packet that is no ping, and answers pings.
func (s *webSocket) answer() (string, error) {
	for {
		packet, err := s.hear(patience)
		if err != nil || packet != "2" {
			return packet, err
		}
		if err := s.say("3"); err != nil {
			return "", err
		}
	}
}

// open reads the opening.
func (s *webSocket) open() error {
	packet, err := s.hear(patience)
	if err == nil {
		s.opening, err = readOpening(packet)
	}
	return err
}

// errUnauthorized means that the gateway wants another token.
var errUnauthorized = errors.New("the gateway wants another token")

// connect joins the namespace, as a client does first.
func (s *webSocket) connect(auth string) error {
	if err := s.say("40" + auth); err != nil {
		return err
	}
	packet, err := s.answer()
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

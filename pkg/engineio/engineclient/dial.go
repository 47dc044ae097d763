package engineclient

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gobwas/ws"
)

// Query asks for a new session over a WebSocket. With "&sid=" and a session's id behind it, it asks for that one's upgrade.
const Query = "EIO=4&transport=websocket"

// AppendRequest appends the request of a WebSocket's handshake, for callers who have the connection already. Each of the
// header lines is without its end.
func AppendRequest(b []byte, host, target string, header ...string) []byte {
	b = fmt.Appendf(b, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", target, host)
	for _, line := range header {
		b = append(append(b, line...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// Dialer opens WebSockets. The zero value does, without a limit of time.
type Dialer struct {
	Header http.Header   // of the request, besides those of the handshake
	TLS    *tls.Config   // for wss
	Step   time.Duration // the Step of each Conn
	// NetDial opens the connection. Nil means net.Dialer.
	NetDial func(ctx context.Context, network, address string) (net.Conn, error)
}

// mostBody is as much of a refusal as is read, in bytes.
const mostBody = 64 << 10

// Dial opens a WebSocket at a ws or wss URL, until ctx ends and within Step, if that is set. The error is a Refused for an
// answer that refuses, of which up to 64 KiB are read. The caller closes the Conn.
func (d Dialer) Dial(ctx context.Context, url string) (*Conn, error) {
	var refused *Refused
	dialer := ws.Dialer{
		Timeout: d.Step, Header: ws.HandshakeHeaderHTTP(d.Header), TLSConfig: d.TLS, NetDial: d.NetDial,
		OnStatusError: func(status int, _ []byte, raw io.Reader) {
			refused = &Refused{Answer{Status: status}}
			if res, err := http.ReadResponse(bufio.NewReader(io.LimitReader(raw, mostBody)), nil); err == nil {
				refused.Answer, _ = ReadAnswer(res, mostBody)
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
	if early == nil {
		early = bufio.NewReader(conn)
	}
	c := New(conn, early)
	c.Step = d.Step
	return c, nil
}

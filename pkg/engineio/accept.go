package engineio

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"net"
	"net/http"
	"time"

	"github.com/gobwas/ws"
)

// answerTimeout is how long the answer to an upgrade may take to be written, where no queue writes it.
const answerTimeout = 10 * time.Second

// accept takes the connection of a WebSocket handshake over from net/http. The answer is held back,
// so that it can go out in one write with what follows it: a write is the dearest part of a handshake. It has the headers of w.
// A bad request has been answered, and its connection closed.
func accept(w http.ResponseWriter, r *http.Request) (conn net.Conn, early *bufio.Reader, answer *Packet, err error) {
	held := &heldAnswer{ResponseWriter: w}
	conn, buffered, _, err := ws.HTTPUpgrader{Header: w.Header()}.Upgrade(r, held)
	answer = &Packet{frame: held.answer.Bytes()}
	if err != nil {
		if conn != nil {
			writeAnswer(conn, answer)
			conn.Close()
		}
		return nil, nil, nil, err
	}
	return bare(conn), buffered.Reader, answer, nil
}

// upgradeAnswer is the answer to a WebSocket handshake with this key, RFC 6455 section 4.2.2.
func upgradeAnswer(key string) *Packet {
	hash := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	frame := make([]byte, 0, 160)
	frame = append(frame, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	frame = base64.StdEncoding.AppendEncode(frame, hash[:])
	return &Packet{frame: append(frame, "\r\n\r\n"...)}
}

// writeAnswer is for an answer that nothing follows yet.
func writeAnswer(conn net.Conn, answer *Packet) error {
	conn.SetWriteDeadline(time.Now().Add(answerTimeout))
	_, err := conn.Write(answer.frame)
	conn.SetWriteDeadline(time.Time{})
	return err
}

// heldAnswer keeps what is written to a hijacked connection.
type heldAnswer struct {
	http.ResponseWriter
	answer bytes.Buffer
}

// Hijack is what makes it an http.Hijacker.
func (h *heldAnswer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err == nil {
		buffered.Writer.Reset(&h.answer)
	}
	return conn, buffered, err
}

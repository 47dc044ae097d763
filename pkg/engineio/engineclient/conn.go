package engineclient

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// Conn is a client's end of a WebSocket. One goroutine may read while others write, one Write, Say or SayBinary at a time.
//
// What the connection itself can do, it does without a word of the protocol: Write takes raw bytes, Read brings them, Close
// cuts off. Only the owner closes it.
type Conn struct {
	net.Conn
	// Step bounds each call of a method that is not net.Conn's: it sets a deadline so far ahead. Zero leaves the caller's
	// deadlines alone. It may be changed between two calls.
	Step time.Duration

	reader *bufio.Reader
}

// New is a Conn on a connection whose handshake is over. What has been read of it too far is in reader.
func New(conn net.Conn, reader *bufio.Reader) *Conn { return &Conn{Conn: conn, reader: reader} }

// Read brings the bytes that no method has taken yet.
func (c *Conn) Read(p []byte) (int, error) { return c.reader.Read(p) }

// Say sends an Engine.IO packet of text in one frame.
func (c *Conn) Say(packet string) error { return c.write(ws.OpText, []byte(packet)) }

// SayBinary sends a message of bytes.
func (c *Conn) SayBinary(data []byte) error { return c.write(ws.OpBinary, data) }

func (c *Conn) write(op ws.OpCode, payload []byte) error {
	if c.Step > 0 {
		if err := c.SetWriteDeadline(time.Now().Add(c.Step)); err != nil {
			return err
		}
	}
	return wsutil.WriteClientMessage(c.Conn, op, payload)
}

// mostPayload is how large frames and packets may be, in bytes.
const mostPayload = 16 << 20

var errTooLarge = errors.New("the server sends more than 16 MiB at once")

// Frame returns the next frame as it comes, those of the WebSocket itself among them, and answers none.
func (c *Conn) Frame() (ws.Header, string, error) {
	if c.Step > 0 {
		if err := c.SetReadDeadline(time.Now().Add(c.Step)); err != nil {
			return ws.Header{}, "", err
		}
	}
	header, err := ws.ReadHeader(c.reader)
	if err != nil {
		return header, "", err
	}
	if header.Length > mostPayload {
		return header, "", errTooLarge
	}
	payload := make([]byte, header.Length)
	_, err = io.ReadFull(c.reader, payload)
	return header, string(payload), err
}

// Closed is the error of Packet for a close frame of the server.
type Closed struct {
	Code ws.StatusCode // 1005 for a frame without one
}

func (c *Closed) Error() string {
	return fmt.Sprintf("the server closed the WebSocket with %d", c.Code)
}

// Packet returns the next packet, text or bytes, whole. It answers the pings of the WebSocket, not those of Engine.IO. The
// error is a *Closed for a close frame, which stays unanswered, and io.EOF for a connection that ended without.
func (c *Conn) Packet() (string, error) {
	packet := ""
	for {
		header, payload, err := c.Frame()
		switch {
		case err != nil:
			return "", err
		case header.OpCode == ws.OpClose && payload == "":
			return "", &Closed{ws.StatusNoStatusRcvd}
		case header.OpCode == ws.OpClose:
			code, _ := ws.ParseCloseFrameData([]byte(payload))
			return "", &Closed{code}
		case header.OpCode == ws.OpPing:
			if err := c.write(ws.OpPong, []byte(payload)); err != nil {
				return "", err
			}
			continue
		case header.OpCode == ws.OpPong:
			continue
		}
		if packet += payload; len(packet) > mostPayload {
			return "", errTooLarge
		}
		if header.Fin {
			return packet, nil
		}
	}
}

// Next is Packet, past the pings of Engine.IO, which it answers.
func (c *Conn) Next() (string, error) {
	for {
		packet, err := c.Packet()
		if err != nil || packet != "2" {
			return packet, err
		}
		if err := c.Say("3"); err != nil {
			return "", err
		}
	}
}

// Await is Next, past all packets that do not start with prefix.
func (c *Conn) Await(prefix string) (string, error) {
	for {
		packet, err := c.Next()
		if err != nil || strings.HasPrefix(packet, prefix) {
			return packet, err
		}
	}
}

// Leave says goodbye by a close frame and closes the connection without waiting for an answer.
func (c *Conn) Leave() {
	c.SetDeadline(time.Now().Add(time.Second))
	ws.WriteFrame(c.Conn, ws.MaskFrameInPlace(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, ""))))
	c.Close()
}

// Opening is the first packet of a session.
type Opening struct {
	SID                       string
	PingInterval, PingTimeout int // milliseconds
}

// ParseOpening reads a session's first packet, from a WebSocket or the answer to a poll.
func ParseOpening(packet string) (Opening, error) {
	var o Opening
	if !strings.HasPrefix(packet, "0{") || json.Unmarshal([]byte(packet[1:]), &o) != nil || o.SID == "" {
		return o, errors.New("the answer is no Engine.IO handshake")
	}
	return o, nil
}

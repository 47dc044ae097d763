package engineclient

import (
	"bufio"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// Conn is a client's end of a WebSocket. One goroutine may read while others write: each packet is one Write, and so is each
// answer to a ping.
//
// What the connection itself can do, it does without a word of the protocol: Write takes raw bytes, Read brings them, Close
// cuts off. Only the owner closes it.
type Conn struct {
	net.Conn
	// Step bounds the wait for each packet, and the time that one takes to send, by a deadline so far ahead. Zero leaves
	// the caller's deadlines alone. It may be changed while no method is at work.
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
		c.SetWriteDeadline(time.Now().Add(c.Step))
	}
	frame, err := ws.CompileFrame(ws.MaskFrame(ws.NewFrame(op, true, payload)))
	if err != nil {
		return err
	}
	_, err = c.Conn.Write(frame)
	return err
}

// Packet returns the next packet, text or bytes, whole. It answers the pings of the WebSocket and its close frame, not the
// pings of Engine.IO. Nothing bounds the packet but Step. The error is a wsutil.ClosedError for a close frame, and io.EOF for a
// connection that ended without.
func (c *Conn) Packet() (string, error) {
	if c.Step > 0 {
		c.SetDeadline(time.Now().Add(c.Step))
	}
	packet, _, err := wsutil.ReadServerData(c)
	return string(packet), err
}

// Next is Packet, past the pings of Engine.IO, which it answers.
func (c *Conn) Next() (string, error) { return c.Await("") }

// Await is Next, past all packets that do not start with prefix.
func (c *Conn) Await(prefix string) (string, error) {
	for {
		packet, err := c.Packet()
		switch {
		case err != nil:
			return "", err
		case packet == "2":
			if err := c.Say("3"); err != nil {
				return "", err
			}
		case strings.HasPrefix(packet, prefix):
			return packet, nil
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

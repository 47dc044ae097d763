//go:build linux

package attack

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gobwas/ws"
	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// frames compiles so many frames of a packet, to be sent by one write.
func frames(packet string, n int) []byte {
	frame := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(packet))))
	return []byte(strings.Repeat(string(frame), n))
}

// drain reads and throws away what the gateway says, until the connection ends: who is attacked is the others.
func drain(conn *engineclient.Conn) { go awaitEnd(conn) }

// byteByByte sends one frame of 1 MB, a byte in each write. Bytes count.
func byteByByte(w *worker) {
	conn, err := w.enter(w.user(), "attackers")
	if err != nil {
		return
	}
	drain(conn)
	frame := frames(`42["send_message",{"roomId":"attackers","text":"`+strings.Repeat("x", 900_000)+`"}]`, 1)
	for i := range frame {
		if i%1000 == 0 {
			conn.SetDeadline(time.Now().Add(patience))
		}
		if _, err := conn.Write(frame[i : i+1]); err != nil {
			return
		}
		w.did.Add(1)
	}
}

// flood sends a packet as fast as the gateway reads, 50 frames a write. Frames count.
func flood(w *worker, packet string) {
	const each = 50
	conn, err := w.enter(w.user(), "attackers")
	if err != nil {
		return
	}
	drain(conn)
	for bytes := frames(packet, each); w.ctx.Err() == nil; {
		conn.SetDeadline(time.Now().Add(patience))
		if _, err := conn.Write(bytes); err != nil {
			return
		}
		w.did.Add(each)
	}
}

func tinyFrames(w *worker) { flood(w, `42["x"]`) }

func noops(w *worker) { flood(w, "6") }

// deepJSON sends an event whose argument has 100,000 levels. Events count.
func deepJSON(w *worker) {
	conn, err := w.login(w.user())
	if err != nil {
		return
	}
	const levels = 100_000
	if conn.Say(`42["send_message",`+strings.Repeat("[", levels)+strings.Repeat("]", levels)+`]`) == nil {
		w.did.Add(1)
	}
	awaitEnd(conn)
}

// joinAndLeave fills a room. The first three members leave it and come back as fast as they are let, so that everybody is
// told the list. Joins and leaves count.
func joinAndLeave(w *worker) {
	const room = "crowd"
	conn, err := w.enter(w.user(), room)
	if err != nil {
		return
	}
	if w.index > 2 {
		for conn.SetDeadline(time.Now().Add(time.Hour)); err == nil; {
			_, err = conn.Next()
		}
		return
	}
	drain(conn)
	bytes := append(frames(`42["leave_room","`+room+`"]`, 1), frames(`42["join_room","`+room+`"]`, 1)...)
	for w.ctx.Err() == nil {
		conn.SetDeadline(time.Now().Add(patience))
		if _, err := conn.Write(bytes); err != nil {
			return
		}
		w.did.Add(2)
		w.rest(4 * time.Millisecond) // faster would be taken for flooding, which ends it
	}
}

// oneUser logs in as a user whose places are taken. Logins count, also those that are refused.
func oneUser(w *worker) {
	conn, err := w.login("eve")
	w.did.Add(1)
	if err == nil {
		awaitEnd(conn)
	}
}

// reconnect logs in, joins a room and cuts the connection. Logins count.
func reconnect(w *worker) {
	if _, err := w.enter(w.user(), fmt.Sprint("storm", w.index%50)); err == nil {
		w.did.Add(1)
	}
}

// slowReader is a member of a busy room who never reads; the first ten speak in it as much as they may. Readers count.
func slowReader(w *worker) {
	const room, speakers = "busy", 10
	conn, err := w.enter(w.user(), room)
	if err != nil {
		return
	}
	if w.index >= speakers {
		w.did.Add(1)
		w.stayDeaf(conn)
		return
	}
	drain(conn)
	for bytes := frames(`42["send_message",{"roomId":"`+room+`","text":"`+strings.Repeat("x", 60_000)+`"}]`, 1); w.ctx.Err() == nil; w.rest(400 * time.Millisecond) {
		conn.SetDeadline(time.Now().Add(patience))
		if _, err := conn.Write(bytes); err != nil {
			return
		}
	}
}

// stayDeaf waits for the end of a connection without reading it: writing fails then.
func (w *worker) stayDeaf(conn io.Writer) {
	for pong := frames("3", 1); w.ctx.Err() == nil; w.rest(time.Second) {
		if _, err := conn.Write(pong); err != nil {
			return
		}
	}
}

// lookUps joins one room after the other, each of which the gateway must ask the database about. Joins count.
func lookUps(w *worker) {
	conn, err := w.login("eve")
	if err != nil {
		return
	}
	drain(conn)
	for i := 0; w.ctx.Err() == nil; i++ {
		conn.SetDeadline(time.Now().Add(patience))
		if conn.Say(fmt.Sprintf(`42["join_room","secret%d-%d"]`, w.index, i)) != nil {
			return
		}
		w.did.Add(1)
		w.rest(100 * time.Millisecond)
	}
}

//go:build linux

package attack

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// silence connects and never sends a byte. Connections count.
func silence(w *worker) {
	conn, err := w.dial()
	if err != nil {
		return
	}
	w.did.Add(1)
	awaitEnd(conn)
}

// slowHead sends the head of a request, a byte every 50 ms, and never ends it. Bytes count.
func slowHead(w *worker) {
	conn, err := w.dial()
	if err != nil {
		return
	}
	head := engineclient.AppendRequest(nil, w.target.Address, "/socket.io/?"+engineclient.Query, w.header("")...)
	for _, b := range head[:len(head)-2] {
		if _, err := conn.Write([]byte{b}); err != nil {
			return
		}
		w.did.Add(1)
		w.rest(50 * time.Millisecond)
	}
	awaitEnd(conn)
}

// handshake begins a session by long-polling and returns the target of its further requests.
func (w *worker) handshake() (target string, err error) {
	conn, err := w.dial()
	if err != nil {
		return "", err
	}
	answer, err := w.request(conn, bufio.NewReader(conn), http.MethodGet, pollingTarget, "")
	if err != nil {
		return "", err
	}
	opening, err := engineclient.ParseOpening(answer.Body)
	return pollingTarget + "&sid=" + opening.SID, err
}

const pollingTarget = "/socket.io/?EIO=4&transport=polling"

// stuckBody posts 32 KiB to a session of its own, all but the last byte. Bodies count.
func stuckBody(w *worker) {
	target, err := w.handshake()
	if err != nil {
		return
	}
	conn, err := w.dial()
	if err != nil {
		return
	}
	const length = 32 << 10
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\n%s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
		target, w.target.Address, strings.Join(w.header(""), "\r\n"), length, strings.Repeat("x", length-1))
	if err != nil {
		return
	}
	w.did.Add(1)
	awaitEnd(conn)
}

// garbage asks for no session, again and again. Requests count.
func garbage(w *worker) {
	conn, err := w.dial()
	if err != nil {
		return
	}
	reader := bufio.NewReader(conn)
	for w.ctx.Err() == nil {
		if _, err := w.request(conn, reader, http.MethodGet, "/socket.io/?EIO=4", ""); err != nil {
			return
		}
		w.did.Add(1)
	}
}

// neverConnects opens a WebSocket and says nothing. WebSockets count, also those that are refused.
func neverConnects(w *worker) {
	conn, err := w.upgrade("", "")
	w.did.Add(1)
	if err == nil {
		awaitEnd(conn)
	}
}

// pollingSessions begins one session after the other over one connection, and ends none. Sessions count, also those that
// are refused.
func pollingSessions(w *worker) {
	conn, err := w.dial()
	if err != nil {
		return
	}
	reader := bufio.NewReader(conn)
	for w.ctx.Err() == nil {
		if _, err := w.request(conn, reader, http.MethodGet, pollingTarget, ""); err != nil {
			return
		}
		w.did.Add(1)
	}
}

// megabyteBeforeLogin sends 1 MB of bytes where a login should come. Megabytes count, also those that were cut off.
func megabyteBeforeLogin(w *worker) {
	conn, err := w.upgrade("", "")
	if err != nil {
		return
	}
	conn.SayBinary(make([]byte, 1_000_000))
	w.did.Add(1)
	awaitEnd(conn)
}

// behindUpgrade sends 64 KiB in the same write as its request, before anybody has agreed to a WebSocket. Upgrades count.
func behindUpgrade(w *worker) {
	conn, err := w.upgrade("", strings.Repeat("\x81\xfe\x7f\xff\x00\x00\x00\x00"+strings.Repeat("x", 0x7fff), 2))
	if err != nil {
		return
	}
	w.did.Add(1)
	awaitEnd(conn)
}

// forgedCookie logs in by a cookie that somebody else has signed. Logins count.
func forgedCookie(w *worker) {
	w.tryLogin(w.mint("ann", strings.Repeat("forged", 8)), "40")
}

// forgedAuth logs in by such a token in CONNECT. Logins count.
func forgedAuth(w *worker) {
	w.tryLogin("", `40{"token":"`+w.mint("ann", strings.Repeat("forged", 8))+`"}`)
}

func (w *worker) tryLogin(cookie, connect string) {
	conn, err := w.upgrade(cookie, "")
	if err != nil {
		return
	}
	if conn.Say(connect) != nil {
		return
	}
	if _, err := conn.Await("44"); err == nil || err == io.EOF {
		w.did.Add(1)
	}
}

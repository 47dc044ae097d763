//go:build linux

package attack

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
	"github.com/socketgate/socketgate/pkg/token"
)

// patience bounds every wait of an attacker: longer than any of the gateway's deadlines before a login.
const patience = 15 * time.Second

// worker is one attacker. One goroutine uses it.
type worker struct {
	ctx    context.Context
	target Target
	attack Attack
	index  int
	did    *atomic.Int64

	conns []net.Conn
	stops []func() bool
}

// closeAll ends the connections of this time.
func (w *worker) closeAll() {
	for i, conn := range w.conns {
		w.stops[i]()
		conn.Close()
	}
	w.conns, w.stops = nil, nil
}

// rest waits, or until the attack ends.
func (w *worker) rest(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.ctx.Done():
	}
}

// source is where the worker comes from; client is what a proxy would say of it.
func (w *worker) source() (source net.IP, client string) {
	if w.attack.Addresses == 0 {
		return Honest, ""
	}
	place := w.index % w.attack.Addresses
	if w.attack.Proxied {
		return net.IPv4(127, 0, 0, 1), fmt.Sprintf("198.51.%d.%d", 100+place/250, 1+place%250)
	}
	return net.IPv4(127, 66, byte(place/250), byte(1+place%250)), ""
}

// soBindAddressNoPort is IP_BIND_ADDRESS_NO_PORT: the port is chosen with the peer in mind, so that they don't run out.
const soBindAddressNoPort = 24

// DialFrom opens a TCP connection from a loopback address.
func DialFrom(ctx context.Context, source net.IP, address string) (net.Conn, error) {
	dialer := net.Dialer{
		LocalAddr: &net.TCPAddr{IP: source},
		Timeout:   patience,
		Control: func(_, _ string, raw syscall.RawConn) (err error) {
			if fault := raw.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_IP, soBindAddressNoPort, 1) }); fault != nil {
				return fault
			}
			return err
		},
	}
	return dialer.DialContext(ctx, "tcp", address)
}

// dial opens a connection, which ends with this time or the attack, by a reset: an attacker keeps no ports busy.
func (w *worker) dial() (net.Conn, error) {
	source, _ := w.source()
	conn, err := DialFrom(w.ctx, source, w.target.Address)
	if err != nil {
		w.rest(10 * time.Millisecond)
		return nil, err
	}
	conn.(*net.TCPConn).SetLinger(0)
	conn.SetDeadline(time.Now().Add(patience))
	w.conns = append(w.conns, conn)
	w.stops = append(w.stops, context.AfterFunc(w.ctx, func() { conn.Close() }))
	return conn, nil
}

// header is what each request of the worker has. Without a token it comes from nobody.
func (w *worker) header(token string) []string {
	lines := []string{"Origin: http://" + w.target.Address}
	if _, client := w.source(); client != "" {
		lines = append(lines, "X-Forwarded-For: "+client)
	}
	if token != "" {
		lines = append(lines, "Cookie: token="+token)
	}
	return lines
}

// upgrade opens a WebSocket. behind is sent with the request, in one write.
func (w *worker) upgrade(token, behind string) (*engineclient.Conn, error) {
	conn, err := w.dial()
	if err != nil {
		return nil, err
	}
	return w.upgradeOn(conn, token, behind)
}

func (w *worker) upgradeOn(conn net.Conn, token, behind string) (*engineclient.Conn, error) {
	request := engineclient.AppendRequest(nil, w.target.Address, "/socket.io/?"+engineclient.Query, w.header(token)...)
	if _, err := conn.Write(append(request, behind...)); err != nil {
		return nil, err
	}
	reader := bufio.NewReaderSize(conn, 1024)
	answer, err := http.ReadResponse(reader, nil)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		refusal, _ := engineclient.ReadAnswer(answer, 1024)
		return nil, engineclient.Refused{Answer: refusal}
	}
	return engineclient.New(conn, reader), nil
}

// login opens a WebSocket as a user, and joins the namespace.
func (w *worker) login(user string) (*engineclient.Conn, error) {
	conn, err := w.upgrade(w.mint(user, w.target.Secret), "")
	if err != nil {
		return nil, err
	}
	if err := conn.Say("40"); err != nil {
		return nil, err
	}
	_, err = conn.Await("40")
	return conn, err
}

// enter logs in and joins a room.
func (w *worker) enter(user, room string) (*engineclient.Conn, error) {
	conn, err := w.login(user)
	if err != nil {
		return nil, err
	}
	if err := conn.Say(`420["join_room","` + room + `"]`); err != nil {
		return nil, err
	}
	_, err = conn.Await("430")
	return conn, err
}

// user is the worker's own.
func (w *worker) user() string { return fmt.Sprint("eve", w.index) }

func (w *worker) mint(user, secret string) string {
	signed, err := token.Mint([]byte(secret), user, user, time.Hour)
	if err != nil {
		panic(err) // HMAC over JSON of two strings
	}
	return signed
}

// request sends an HTTP request and reads the answer's status and body, over a connection that goes on.
func (w *worker) request(conn net.Conn, reader *bufio.Reader, method, target, body string) (engineclient.Answer, error) {
	head := method + " " + target + " HTTP/1.1\r\nHost: " + w.target.Address + "\r\n" + strings.Join(w.header(""), "\r\n") + "\r\n"
	if method == http.MethodPost {
		head += fmt.Sprintf("Content-Type: text/plain;charset=UTF-8\r\nContent-Length: %d\r\n", len(body))
	}
	if _, err := io.WriteString(conn, head+"\r\n"+body); err != nil {
		return engineclient.Answer{}, err
	}
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return engineclient.Answer{}, err
	}
	return engineclient.ReadAnswer(response, 64<<10)
}

// awaitEnd reads until the gateway ends the connection.
func awaitEnd(r io.Reader) { io.Copy(io.Discard, r) }

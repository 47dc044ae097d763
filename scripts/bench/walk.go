//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// walkStep bounds each request of a walk.
const walkStep = 20 * time.Second

// arrival is a client that has walked in, or has not.
type arrival struct {
	client *client
	conn   *engineclient.Conn
	err    error
}

// walkIn has every client connect by long-polling and go on to a WebSocket, at most so many at a time, which then are the crowd's.
func (c *crowd) walkIn(atOnce int, within time.Duration) error {
	c.finished, c.failed, c.failure = 0, 0, nil
	ctx, cancel := context.WithTimeout(c.ctx, within)
	defer cancel()
	next := make(chan *client)
	arrivals := make(chan arrival, len(c.clients)) // room for all, so that nobody waits for who has given up
	go func() {
		defer close(next)
		for i := range c.clients {
			select {
			case next <- &c.clients[i]:
			case <-ctx.Done():
				return
			}
		}
	}()
	for range atOnce {
		go func() {
			for cl := range next {
				conn, err := cl.walk(ctx)
				arrivals <- arrival{cl, conn, err}
			}
		}()
	}
	for c.finished+c.failed < len(c.clients) {
		select {
		case a := <-arrivals:
			if a.err == nil {
				a.err = a.client.adopt(a.conn)
			}
			if a.err != nil {
				c.failed++
				c.failure = errors.Join(c.failure, a.err)
				return c.incomplete("walk in", within)
			}
			c.finished++
		case <-ctx.Done():
			return c.incomplete("walk in", within)
		case <-time.After(time.Millisecond):
			if err := c.react(0); err != nil {
				return err
			}
		}
	}
	return nil
}

// walk does what the official client does: it opens a session by polling, and polls on while it says CONNECT and tries a WebSocket;
// once the WebSocket has answered and the poll under way has come back, it goes over.
func (cl *client) walk(ctx context.Context) (*engineclient.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, walkStep)
	defer cancel()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+cl.index%sources))}, Control: shareport}
	transport := &http.Transport{DialContext: dialer.DialContext, DisableCompression: true}
	defer transport.CloseIdleConnections()
	p := poller{ctx, &http.Client{Transport: transport}, "http://" + cl.server().address + "/socket.io/?EIO=4&transport=polling", cl.user.token}

	opened, err := p.get()
	if err != nil {
		return nil, err
	}
	opening, err := engineclient.ParseOpening(opened)
	if err != nil {
		return nil, err
	}
	p.url += "&sid=" + opening.SID
	var probed atomic.Bool
	polled := make(chan error, 1)
	connected := false
	go func() {
		for !probed.Load() {
			body, err := p.get()
			if err != nil {
				polled <- err
				return
			}
			connected = connected || strings.Contains("\x1e"+body, "\x1e40")
		}
		polled <- nil
	}()
	if err := p.post("40"); err != nil {
		return nil, err
	}
	header := http.Header{"Cookie": {"token=" + cl.user.token}, "Origin": {"http://" + cl.server().address}}
	conn, err := engineclient.Dialer{Header: header, Step: walkStep, NetDial: dialer.DialContext}.
		Dial(ctx, "ws://"+cl.server().address+"/socket.io/?"+engineclient.Query+"&sid="+opening.SID)
	if err != nil {
		return nil, err
	}
	err = func() error {
		if err := conn.Say("2probe"); err != nil {
			return err
		}
		if _, err := conn.Await("3probe"); err != nil {
			return err
		}
		probed.Store(true)
		if err := <-polled; err != nil {
			return err
		}
		if err := conn.Say("5"); err != nil {
			return err
		}
		if !connected {
			_, err := conn.Await("40")
			return err
		}
		return nil
	}()
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// shareport has a port chosen with the peer in mind, so that ports never run out.
func shareport(_, _ string, raw syscall.RawConn) (err error) {
	controlled := raw.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_IP, soReusePorts, 1) })
	return errors.Join(controlled, err)
}

// adopt makes a WebSocket that somebody else has opened the client's.
func (cl *client) adopt(conn *engineclient.Conn) error {
	defer conn.Close()
	raw, err := conn.Conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	controlled := raw.Control(func(fd uintptr) { cl.fd, err = syscall.Dup(int(fd)) })
	if err := errors.Join(controlled, err); err != nil {
		return fmt.Errorf("adopt socket: %w", err)
	}
	cl.stage = connected
	return cl.watch()
}

// poller is the long-polling part of a walk.
type poller struct {
	ctx    context.Context
	client *http.Client
	url    string
	token  string
}

func (p poller) get() (string, error) { return p.do(http.MethodGet, nil) }

func (p poller) post(body string) error {
	_, err := p.do(http.MethodPost, []byte(body))
	return err
}

func (p poller) do(method string, body []byte) (string, error) {
	request, err := http.NewRequestWithContext(p.ctx, method, p.url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Cookie", "token="+p.token)
	request.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	response, err := p.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s is answered %s: %.80s", method, response.Status, answer)
	}
	return string(answer), err
}

//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
	"github.com/socketgate/socketgate/scripts/bench/attack"
)

// How often honest clients do what they do, and for how long they wait for it.
const (
	connectEvery = 10 * time.Millisecond
	speakEvery   = 10 * time.Millisecond // two speak by turns, each at half of RATE_LIMIT
	honestWait   = 5 * time.Second
	comers       = 50 // users who connect by turns
)

// honesty is what honest clients found in a window. Times are in nanoseconds, from when something was due until it was done; what was
// not done by the end of the window counts with its age.
type honesty struct {
	Connects latencies `json:"connects"` // TCP, upgrade, CONNECT, join_room and their answers
	Trips    latencies `json:"trips"`    // send_message until its sender has the ack and the other member the message
	Failed   int       `json:"failed"`   // connects that were refused or took longer than honestWait
	Fault    string    `json:"fault"`    // why the first failed
}

// honest is a few people who use the gateway as its defaults allow, at a steady low rate: two talk, and others come and go.
type honest struct {
	address string
	source  net.IP
	users   []user

	mu      sync.Mutex
	window  honesty
	under   map[string]int64 // what is under way, and when it was due
	answers map[int]int      // to a message: the ack, and the other member's copy
}

// serveHonest is the honest clients' process. It has a higher priority than the attackers on its core, so that what it measures is not
// the wait for its own core. Each line on in begins a window anew, and the figures of the last one go to out as a line.
func serveHonest(ctx context.Context, port int, source string, in io.Reader, out io.Writer) error {
	users, err := mintUsers(2 + comers)
	if err != nil {
		return err
	}
	h := &honest{address: fmt.Sprintf("127.0.0.1:%d", port), source: net.ParseIP(source), users: users,
		under: make(map[string]int64), answers: make(map[int]int)}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	tasks.Go(func() { cancel(h.talk(ctx)) })
	tasks.Go(func() { h.comeAndGo(ctx) })
	lines := make(chan struct{})
	go func() { // ends with the process
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			lines <- struct{}{}
		}
		cancel(io.EOF)
	}()
	for {
		select {
		case <-ctx.Done():
			if cause := context.Cause(ctx); !errors.Is(cause, io.EOF) {
				return cause
			}
			return nil
		case <-lines:
			if err := json.NewEncoder(out).Encode(h.turnPage()); err != nil {
				return err
			}
		}
	}
}

// turnPage returns the window so far and begins the next.
func (h *honest) turnPage() honesty {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.window
	for what, due := range h.under {
		if what[0] == 't' {
			w.Trips = append(w.Trips, now()-due)
		} else {
			w.Connects = append(w.Connects, now()-due)
		}
	}
	h.window = honesty{}
	return w
}

func (h *honest) begin(what string, due int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.under[what] = due
}

// done ends a connect, and says whether it succeeded.
func (h *honest) done(what string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.window.Connects = append(h.window.Connects, now()-h.under[what])
	delete(h.under, what)
	if err != nil {
		h.window.Failed++
		if h.window.Fault == "" {
			h.window.Fault = err.Error()
		}
	}
}

// answered counts the two answers to a message.
func (h *honest) answered(number int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.answers[number]++; h.answers[number] < 2 {
		return
	}
	what := fmt.Sprint("trip ", number)
	h.window.Trips = append(h.window.Trips, now()-h.under[what])
	delete(h.under, what)
	delete(h.answers, number)
}

// enter connects as a user and joins a room.
func (h *honest) enter(ctx context.Context, u user, room string) (*engineclient.Conn, error) {
	dialer := engineclient.Dialer{
		Header: http.Header{"Origin": {"http://" + h.address}, "Cookie": {"token=" + u.token}, "X-Forwarded-For": {"192.0.2.7"}},
		Step:   honestWait,
		NetDial: func(ctx context.Context, _, address string) (net.Conn, error) {
			return attack.DialFrom(ctx, h.source, address)
		},
	}
	conn, err := dialer.Dial(ctx, "ws://"+h.address+"/socket.io/?"+engineclient.Query)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	for _, step := range [][2]string{{"40", "40"}, {`420["join_room","` + room + `"]`, `430[{"ok":true`}} {
		if err = conn.Say(step[0]); err == nil {
			_, err = conn.Await(step[1])
		}
		if err != nil {
			conn.Close()
			return nil, fmt.Errorf("log in and join: %w", err)
		}
	}
	return conn, nil
}

// comeAndGo has somebody connect, join a room of their own and leave, again and again.
func (h *honest) comeAndGo(ctx context.Context) {
	var visits sync.WaitGroup
	defer visits.Wait()
	for i, due := 0, time.Now(); ctx.Err() == nil; i, due = i+1, due.Add(connectEvery) {
		time.Sleep(time.Until(due))
		what := fmt.Sprint("connect ", i)
		h.begin(what, due.UnixNano())
		visits.Go(func() {
			visit, cancel := context.WithTimeout(ctx, honestWait)
			defer cancel()
			u := h.users[2+i%comers]
			conn, err := h.enter(visit, u, "home of "+u.id)
			h.done(what, err)
			if err == nil {
				conn.Leave()
			}
		})
	}
}

var messageNumber = regexp.MustCompile(`^43(\d+)\[.*"ok":true|^42\["receive_message",.*"text":"trip (\d+)"`)

// talk has two members of a room speak by turns, until ctx ends. The error is that one of them was cut off.
func (h *honest) talk(ctx context.Context) error {
	var members [2]*engineclient.Conn
	failed := make(chan error, len(members))
	var listeners sync.WaitGroup
	defer listeners.Wait()
	for i := range members {
		conn, err := h.enter(ctx, h.users[i], "talk")
		if err != nil {
			return err
		}
		defer conn.Close()
		conn.Step = 0
		conn.SetDeadline(time.Time{})
		members[i] = conn
		listeners.Go(func() { failed <- h.listen(conn, i) })
	}
	for number, due := 1, time.Now(); ; number, due = number+1, due.Add(speakEvery) {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return fmt.Errorf("an honest member was cut off: %w", err)
		case <-time.After(time.Until(due)):
		}
		h.begin(fmt.Sprint("trip ", number), due.UnixNano())
		if err := members[number%2].Say(fmt.Sprintf(`42%d["send_message",{"roomId":"talk","text":"trip %d"}]`, number, number)); err != nil {
			return fmt.Errorf("an honest member was cut off: %w", err)
		}
	}
}

// listen hears what a member hears. Messages with odd numbers are the second's, who has no need of its own copy.
func (h *honest) listen(conn *engineclient.Conn, member int) error {
	for {
		packet, err := conn.Next()
		if err != nil {
			return err
		}
		found := messageNumber.FindStringSubmatch(packet)
		if found == nil {
			continue
		}
		var number int
		fmt.Sscan(found[1]+found[2], &number)
		if isAck := found[1] != ""; isAck || number%2 != member {
			h.answered(number)
		}
	}
}

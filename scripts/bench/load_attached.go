//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The loads of -attach, besides connect, idle and fanout.
const (
	loadPolling = "polling first"
	loadEcho    = "echo"
)

// onlyPolling is what -only calls the connects by long-polling.
const onlyPolling = "polling"

// echoRate is how many clients a second are answered, one by one: what is measured is the way, not the load.
const echoRate = 200

// attachedRun measures an app's own socket.io server behind the gateway beside the same server by itself. All processes of either
// share the servers' core, and their CPU and memory are summed up.
func (b *bench) attachedRun() error {
	kinds := []string{attached}
	if b.options.against {
		kinds = []string{plain, attached}
	}
	var sessions []func(kind string) error
	if slices.Contains(b.options.only, loadConnect) {
		sessions = append(sessions, b.attachedSession)
	}
	if slices.Contains(b.options.only, onlyPolling) {
		sessions = append(sessions, b.pollingSession)
	}
	for b.report.round = 1; b.report.round <= b.options.rounds; b.report.round++ {
		for _, session := range sessions {
			for _, kind := range kinds {
				if err := session(kind); err != nil {
					if b.ctx.Err() != nil {
						return err
					}
					b.report.fault(fmt.Sprintf("%s: %v", kind, err))
				}
			}
		}
		if slices.Contains(b.options.only, onlyPolling) {
			if err := b.pollingSession(floor); err != nil {
				b.report.fault(fmt.Sprintf("%s: %v", floor, err))
			}
		}
	}
	return publish(b.options.out, "attached", os.Stdout, b.report, b.report.attachedTable(), len(b.report.Faults))
}

// gatherAttached is gather for an app's own server, by itself or behind a gateway.
func (b *bench) gatherAttached(kind string) (s *server, c *crowd, leave func(), err error) {
	if kind != attached {
		return b.gather(kind, b.options.attached)
	}
	address := filepath.Join(b.scratch, "attach.sock")
	s, c, leave, err = b.gather(gateway, b.options.attached, "HANDLERS=app", "ATTACH_ADDR="+address, "ATTACH_KEY="+messageKey)
	if err != nil {
		return nil, nil, nil, err
	}
	s.kind = attached
	if s.app, err = b.start(plain, "SOCKETGATE_URL=unix:"+address, "SOCKETGATE_KEY="+messageKey); err != nil {
		leave()
		return nil, nil, nil, err
	}
	return s, c, leave, nil
}

// attachedSession measures connects by WebSocket, memory, broadcasts to rooms and answers to one client.
func (b *bench) attachedSession(kind string) error {
	s, c, leave, err := b.gatherAttached(kind)
	if err != nil {
		return err
	}
	defer leave()
	before, err := s.rss()
	if err != nil {
		return err
	}
	rooms := max(1, b.options.attached/100)
	c.enter(rooms, b.options.window)
	if err := b.connect(c, s); err != nil {
		return err
	}
	if err := b.rest(c, s, before); err != nil {
		return err
	}
	if err := b.fanout(c, s, rooms); err != nil {
		return err
	}
	return b.echo(c, s)
}

// pollingSession measures connects as browsers do without options: by long-polling, and from there to a WebSocket.
func (b *bench) pollingSession(kind string) error {
	s, c, leave, err := b.gatherAttached(kind)
	if err != nil {
		return err
	}
	defer leave()
	end, err := c.open(s)
	if err != nil {
		return err
	}
	profiled := b.profileFor("polling", s, 3*time.Second)
	if err := c.walkIn(rampWidth, 5*time.Minute); err != nil {
		return err
	}
	w, err := end()
	if err != nil {
		return err
	}
	b.addConnects(s, loadPolling, w, len(c.clients))
	b.report.checkConnections(kind, loadPolling, c)
	return <-profiled
}

// addConnects notes what so many connects have cost.
func (b *bench) addConnects(s *server, load string, w window, connects int) {
	say(s.kind, "%s: %d connected in %.1f s, %.0f us of CPU each", load, connects, w.wall.Seconds(), w.server.Seconds()*1e6/float64(connects))
	b.addEach(s, load, "CPU per connect", w, connects)
}

// addEach notes the CPU of each of so many, in us, and the app's part of it.
func (b *bench) addEach(s *server, load, name string, w window, many int) {
	each := func(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(many) }
	b.report.add(s.kind, load, name, each(w.server))
	if s.app != nil {
		say(s.kind, "of which the app %.0f us", each(w.app))
		b.report.add(s.kind, load, name+ofTheApp, each(w.app))
	}
}

// echo has one client after the other say something that is for itself.
func (b *bench) echo(c *crowd, s *server) error {
	c.enter(len(c.clients), 1)
	c.event = "echo"
	defer func() { c.event = "" }()
	speak := func(d time.Duration) error {
		next := time.Now()
		for n := range int(d.Seconds() * echoRate) {
			if err := c.clients[n*7919%len(c.clients)].send(next.UnixNano(), false); err != nil {
				return err
			}
			next = next.Add(time.Second / echoRate)
			if _, err := c.run(next, func() bool { return false }); err != nil {
				return err
			}
		}
		return nil
	}
	if err := speak(b.options.seconds / 5); err != nil {
		return err
	}
	c.latencies = make(latencies, 0, int(b.options.seconds.Seconds())*echoRate)
	if err := speak(b.options.seconds); err != nil {
		return err
	}
	if err := c.settle(10 * time.Second); err != nil {
		return err
	}
	p := c.latencies.percentiles(0.5, 0.99)
	say(s.kind, "echo: p50 %v, p99 %v; %v", p[0], p[1], c.tally)
	b.report.add(s.kind, loadEcho, "p50", p[0].Seconds()*1e3)
	b.report.add(s.kind, loadEcho, "p99", p[1].Seconds()*1e3)
	b.report.addTally(s.kind, loadEcho, c)
	return nil
}

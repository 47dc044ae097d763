//go:build linux

package main

import (
	"bufio"
	"fmt"

	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	missed     = 20              // messages of each room that are said while its members are away
	returnTime = 5 * time.Second // within which everybody comes back
)

// recoverSession kills the gateway while everybody is away and has missed something, and has them come back within 5 s of its
// restart: with their sessions, and once more as new clients, which shows what the recovery costs.
func (b *bench) recoverSession(kind string) error {
	if err := b.database.empty(); err != nil {
		return err
	}
	ports, err := freePorts(1)
	if err != nil {
		return err
	}
	admin := "127.0.0.1:" + strconv.Itoa(ports[0])
	environment := []string{"DATABASE_URL=" + b.database.url + "?connection_limit=10", "ADMIN_ADDR=" + admin}
	s, c, leave, err := b.gather(kind, b.options.connections, environment...)
	if err != nil {
		return err
	}
	defer func() { leave() }()
	c.enter(b.options.rooms, 1)
	if err := c.all("connect", rampWidth, time.Minute, (*client).dial); err != nil {
		return err
	}
	if err := c.joinOwnRooms(); err != nil {
		return err
	}
	if err := c.sayInEveryRoom(1); err != nil {
		return err
	}
	if err := c.idle(2 * time.Second); err != nil { // sessions are saved in batches
		return err
	}
	c.hangUpListeners()
	if err := c.sayInEveryRoom(missed); err != nil {
		return err
	}

	again := func() error {
		for i := range c.clients {
			c.clients[i].hangUp()
		}
		s.kill()
		if s, err = b.start(kind, environment...); err != nil {
			return err
		}
		leave = func() { c.close(); s.stop() }
		c.moveTo(s.port)
		return nil
	}
	if err := again(); err != nil {
		return err
	}
	recovering, err := c.comeBackWithin(returnTime, s)
	if err != nil {
		return err
	}
	recovered := 0
	for i := range c.clients {
		if c.clients[i].ticket.recovered {
			recovered++
		}
	}
	say(kind, "%d of %d recovered, %d deliveries, %.0f us of CPU each; %v", recovered, len(c.clients), recovering.deliveries, c.each(recovering), c.tally)
	b.report.add(kind, loadRecover, "recovered", 100*float64(recovered)/float64(len(c.clients)))
	b.report.add(kind, loadRecover, "CPU per recovery", c.each(recovering))
	b.report.addTally(kind, loadRecover, c)
	if recovered < len(c.clients) {
		b.report.fault(fmt.Sprintf("%s, %s: %d of %d recovered", kind, loadRecover, recovered, len(c.clients)))
	}
	if err := b.countSweeps(kind, admin); err != nil {
		return err
	}

	if err := again(); err != nil {
		return err
	}
	for i := range c.clients {
		c.clients[i].ticket = ticket{}
	}
	plain, err := c.comeBackWithin(returnTime, s)
	if err != nil {
		return err
	}
	say(kind, "and as new clients %.0f us of CPU each", c.each(plain))
	b.report.add(kind, loadRecover, "CPU per plain reconnect", c.each(plain))
	b.report.add(kind, loadRecover, "recovery beside a plain reconnect", c.each(recovering)/c.each(plain))
	return nil
}

// each returns the server's CPU of a window by client, in microseconds.
func (c *crowd) each(w window) float64 { return w.server.Seconds() * 1e6 / float64(len(c.clients)) }

// sayInEveryRoom has the first of each room say so many things, one after the other.
func (c *crowd) sayInEveryRoom(times int) error {
	for range times {
		c.acks = 0
		for i := range c.rooms {
			if err := c.clients[i].send(now(), true); err != nil {
				return err
			}
		}
		ok, err := c.run(time.Now().Add(20*time.Second), func() bool { return c.acks == len(c.rooms) })
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("%d of %d messages were acked, %d errors", c.acks, len(c.rooms), c.errors)
		}
	}
	return nil
}

// hangUpListeners hangs up for all but the first of each room.
func (c *crowd) hangUpListeners() {
	for i := len(c.rooms); i < len(c.clients); i++ {
		c.clients[i].hangUp()
	}
}

// comeBackWithin has everybody come back, evenly within a time, and hear what they have missed. Who is not recovered joins again, as
// apps do.
func (c *crowd) comeBackWithin(within time.Duration, s *server) (window, error) {
	c.joinAtOnce = true
	end, err := c.open(s)
	if err != nil {
		return window{}, err
	}
	started := time.Now()
	err = c.all("come back", 0, time.Minute, func(cl *client) error {
		due := started.Add(within * time.Duration(cl.index) / time.Duration(len(c.clients)))
		if _, err := c.run(due, func() bool { return false }); err != nil {
			return err
		}
		return cl.comeBack()
	})
	if err != nil {
		return window{}, err
	}
	say(s.kind, "all are back after %.1f s", time.Since(started).Seconds())
	if err := c.settle(5 * time.Second); err != nil {
		return window{}, err
	}
	return end()
}

// aboutRecovery are the metrics that say what a recovery took.
var aboutRecovery = regexp.MustCompile(`^socketgate_(\w*(?:recover|replay|sweep|session)\w*)(\{[^}]*\})? ([0-9.e+]+)$`)

// countSweeps reports the metrics of the recovery.
func (b *bench) countSweeps(kind, admin string) error {
	conn := http.Client{Timeout: 10 * time.Second}
	reply, err := conn.Get("http://" + admin + "/metrics")
	if err != nil {
		return fmt.Errorf("read metrics: %w", err)
	}
	defer reply.Body.Close()
	var told []string
	lines := bufio.NewScanner(reply.Body)
	for lines.Scan() {
		if m := aboutRecovery.FindStringSubmatch(lines.Text()); m != nil && m[3] != "0" {
			told = append(told, m[1]+m[2]+" "+m[3])
		}
	}
	say(kind, "metrics: %s", strings.Join(told, ", "))
	return lines.Err()
}

// kill ends the server by SIGKILL, and waits for that.
func (s *server) kill() {
	_ = s.process.Process.Kill()
	<-s.ended
}

// moveTo has the clients connect to another port from now on.
func (c *crowd) moveTo(port int) {
	c.servers = endpoints([]int{port})
}

//go:build linux

package main

import (
	"errors"
	"time"
)

// rampWidth is how many clients connect or join at the same time, except in storms.
const rampWidth = 100

// crowdSession measures what a server does with one crowd: it connects and joins rooms and, in the first round, rests,
// talks as fast as it can, and comes back after a cut.
func (b *bench) crowdSession(kind string) error {
	s, c, leave, err := b.gather(kind, b.options.connections, "DATABASE_URL=none")
	if err != nil {
		return err
	}
	defer leave()
	before, err := s.rss()
	if err != nil {
		return err
	}
	c.enter(b.options.rooms, b.options.window)
	if err := b.connect(c, s); err != nil {
		return err
	}
	if b.report.round > 1 {
		return nil
	}
	if b.wants(loadIdle) {
		if err := b.rest(c, s, before); err != nil {
			return err
		}
	}
	if b.wants(loadFanout) {
		if err := b.fanout(c, s, b.options.rooms); err != nil {
			return err
		}
	}
	if b.wants(loadReconnect) {
		return b.reconnect(c, s)
	}
	return nil
}

// connect measures the CPU of a connect (TCP, upgrade, CONNECT with its JWT) and of a join.
func (b *bench) connect(c *crowd, s *server) error {
	people := float64(len(c.clients))
	profiled := b.profileFor("connect", s, time.Second)
	end, err := c.open(s)
	if err != nil {
		return err
	}
	if err := c.all("connect", rampWidth, time.Minute, (*client).dial); err != nil {
		return err
	}
	w, err := end()
	if err != nil {
		return err
	}
	b.addConnects(s, loadConnect, w, len(c.clients))
	if err := <-profiled; err != nil {
		return err
	}

	if end, err = c.open(s); err != nil {
		return err
	}
	if err := c.joinOwnRooms(); err != nil {
		return err
	}
	if w, err = end(); err != nil {
		return err
	}
	say(s.kind, "and joined %d rooms in %.1f s, %.0f us of CPU each", len(c.rooms), w.wall.Seconds(), w.server.Seconds()*1e6/people)
	b.addEach(s, loadConnect, "CPU per join", w, len(c.clients))
	return nil
}

func (c *crowd) joinOwnRooms() error {
	return c.all("join", rampWidth, 3*time.Minute, func(cl *client) error { return cl.join(roomName(cl.room)) })
}

// rest measures the memory of a joined connection, after a while without any traffic but heartbeats.
func (b *bench) rest(c *crowd, s *server, before int) error {
	if err := c.idle(b.options.rest); err != nil {
		return err
	}
	after, err := s.rss()
	if err != nil {
		return err
	}
	each := float64(after-before) / float64(len(c.clients)) / 1024
	say(s.kind, "%.1f KiB RSS per joined connection (%d MiB before, %d after)", each, before>>20, after>>20)
	b.report.add(s.kind, loadIdle, "RSS per joined connection", each)
	b.report.add(s.kind, loadIdle, "RSS", float64(after)/(1<<20))
	b.report.checkConnections(s.kind, loadIdle, c)
	return nil
}

// fanout has each room always carry so many messages: who hears themselves speaks again.
func (b *bench) fanout(c *crowd, s *server, rooms int) error {
	c.enter(rooms, b.options.window)
	c.heardSelf = func(cl *client) error { return cl.send(now(), false) }
	for i := range c.clients {
		if c.clients[i].sender >= 0 {
			if err := c.clients[i].send(now(), false); err != nil {
				return err
			}
		}
	}
	if err := c.idle(b.options.seconds / 5); err != nil {
		return err
	}
	w, err := b.measure("fanout", c, s, b.options.seconds)
	if err != nil {
		return err
	}
	c.heardSelf = nil
	if err := c.settle(30 * time.Second); err != nil {
		return err
	}
	perSecond := float64(w.deliveries) / w.wall.Seconds()
	busy, loadBusy := w.busy()
	say(s.kind, "fan-out: %.0f deliveries/s, server %.0f %% busy, load %.0f %%; %v", perSecond, busy, loadBusy, c.tally)
	b.report.add(s.kind, loadFanout, "deliveries per second", perSecond)
	b.report.add(s.kind, loadFanout, "deliveries per CPU second", float64(w.deliveries)/w.server.Seconds())
	b.report.add(s.kind, loadFanout, "server's core busy", busy)
	b.report.add(s.kind, loadFanout, "load's core busy", loadBusy)
	b.report.addTally(s.kind, loadFanout, c)
	return nil
}

// Official clients give up a connect after so long, wait, and try again.
const (
	connectTimeout = 20 * time.Second
	reconnectDelay = time.Second
	longestStorm   = 90 * time.Second
)

// listsCome is how long after the last reconnect rooms are told their members at the latest. That is a part of what a storm costs.
const listsCome = 1500 * time.Millisecond

// comeBack has everybody connect and join at once, and those try again who could not.
func (c *crowd) comeBack(s *server) error {
	c.joinAtOnce = true
	for giveUp := time.Now().Add(longestStorm); ; {
		err := c.all("reconnect", 0, min(connectTimeout, time.Until(giveUp)), (*client).comeBack)
		if !errors.Is(err, errIncomplete) {
			return err
		}
		say(s.kind, "%v", err)
		if time.Until(giveUp) < 2*reconnectDelay {
			return nil
		}
		if err := c.idle(reconnectDelay); err != nil {
			return err
		}
	}
}

// reconnect cuts all connections at once, and has everybody come back at once. Once all are, they must hear again.
func (b *bench) reconnect(c *crowd, s *server) error {
	c.enter(b.options.rooms, b.options.window)
	profiled := b.profileFor("reconnect", s, b.options.seconds/2)
	end, err := c.open(s)
	if err != nil {
		return err
	}
	started := time.Now()
	for i := range c.clients {
		c.clients[i].hangUp()
	}
	if err := c.comeBack(s); err != nil {
		return err
	}
	back, took := c.finished, time.Since(started)
	if err := c.idle(listsCome); err != nil {
		return err
	}
	w, err := end()
	if err == nil {
		err = <-profiled
	}
	if err != nil {
		return err
	}
	each := w.server.Seconds() * 1e6 / float64(len(c.clients))
	say(s.kind, "%d of %d are back after %.1f s, %.0f us of CPU each", back, len(c.clients), took.Seconds(), each)
	b.report.add(s.kind, loadReconnect, "CPU per reconnect", each)
	b.report.add(s.kind, loadReconnect, "until all are back", took.Seconds())
	b.report.add(s.kind, loadReconnect, "not back", float64(len(c.clients)-back))
	if back < len(c.clients) {
		return nil
	}
	for i := range c.rooms { // the first of each room
		if err := c.clients[i].send(now(), false); err != nil {
			return err
		}
	}
	if err := c.settle(10 * time.Second); err != nil {
		return err
	}
	b.report.addTally(s.kind, loadReconnect, c)
	return nil
}

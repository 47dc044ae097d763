//go:build linux

package main

import (
	"fmt"
	"time"
)

// durableSession measures messages that are stored before they are heard: every sender waits for its ack before it
// speaks again.
func (b *bench) durableSession(kind string) error {
	if err := b.database.empty(); err != nil {
		return err
	}
	url := b.database.url
	if kind == gateway {
		url += "?connection_limit=10"
	}
	s, c, leave, err := b.gather(kind, b.options.senders, "DATABASE_URL="+url)
	if err != nil {
		return err
	}
	defer leave()
	rooms := max(1, len(c.clients)/maxSenders)
	c.enter(rooms, maxSenders)
	if err := c.all("connect", rampWidth, time.Minute, (*client).dial); err != nil {
		return err
	}
	if err := c.joinOwnRooms(); err != nil {
		return err
	}
	if err := c.speakByAcks(); err != nil {
		return err
	}
	if err := c.idle(b.options.seconds / 5); err != nil {
		return err
	}
	w, err := b.measure("durable", c, s, b.options.seconds)
	if err != nil {
		return err
	}
	perSecond := float64(w.acks) / w.wall.Seconds()
	busy, loadBusy := w.busy()
	say(kind, "durable: %.0f messages/s, server %.0f %% busy, load and Postgres %.0f %%", perSecond, busy, loadBusy)
	b.report.add(kind, loadDurable, "messages per second", perSecond)
	b.report.add(kind, loadDurable, "CPU per message", w.server.Seconds()*1e6/float64(w.acks))
	b.report.add(kind, loadDurable, "server's core busy", busy)
	b.report.add(kind, loadDurable, "load's core busy", loadBusy)
	return b.checkStored(kind, c)
}

// speakByAcks has everybody speak, and again with each ack, until acked is taken away. It counts that in spoken.
func (c *crowd) speakByAcks() error {
	speak := func(cl *client) error { c.spoken++; return cl.send(now(), true) }
	c.acked = speak
	for i := range c.clients {
		if err := speak(&c.clients[i]); err != nil {
			return err
		}
	}
	return nil
}

// checkStored has everybody say no more, and makes it a fault of the run if not all that was sent is heard, acked and stored.
func (b *bench) checkStored(name string, c *crowd) error {
	c.acked = nil
	if err := c.settle(30 * time.Second); err != nil {
		return err
	}
	if _, err := c.run(time.Now().Add(10*time.Second), func() bool { return c.acks+c.errors == c.spoken }); err != nil {
		return err
	}
	stored, err := b.database.count()
	if err != nil {
		return err
	}
	say(name, "durable: %d acked of %d, %d stored, %d errors; %v", c.acks, c.spoken, stored, c.errors, c.tally)
	b.report.addTally(name, loadDurable, c)
	if c.acks != c.spoken || stored != c.spoken {
		b.report.fault(fmt.Sprintf("%s, %s: %d messages were sent, %d acked, and %d are stored", name, loadDurable, c.spoken, c.acks, stored))
	}
	return nil
}

//go:build linux

package main

import "time"

// lightSession measures a fixed rate that any server should do with ease: how long messages take, and what they cost.
//
// The yardstick keeps its lists of members to itself while the rooms fill: rooms of 1,000 would cost it a minute or
// more (which is what the join storm measures).
func (b *bench) lightSession(kind string) error {
	if kind == bare {
		return b.bareSession()
	}
	s, c, leave, err := b.gather(kind, b.options.connections, "DATABASE_URL=none", "ROOM_MEMBERS=off")
	if err != nil {
		return err
	}
	defer leave()
	c.enter(b.options.lightRooms, maxSenders)
	if err := c.all("connect", rampWidth, time.Minute, (*client).dial); err != nil {
		return err
	}
	if err := c.joinOwnRooms(); err != nil {
		return err
	}
	if err := c.idle(3 * time.Second); err != nil { // the last lists of members go out
		return err
	}
	if err := b.speakInTurn(c, b.options.seconds/5); err != nil { // Node compiles what runs often
		return err
	}
	if err := c.settle(10 * time.Second); err != nil {
		return err
	}
	c.latencies = make(latencies, 0, int(b.options.seconds.Seconds()*2)*b.options.lightRate*len(c.clients)/b.options.lightRooms)

	profiled := b.profileFor("light", s, b.options.seconds)
	end, err := c.open(s)
	if err != nil {
		return err
	}
	if err := b.speakInTurn(c, b.options.seconds); err != nil {
		return err
	}
	w, err := end()
	if err != nil {
		return err
	}
	if err := c.settle(10 * time.Second); err != nil {
		return err
	}
	b.reportLight(kind, c, w)
	b.report.addTally(kind, loadLight, c)
	return <-profiled
}

// speakInTurn has one sender after the other, in one room after the other, say something at the light rate. What is
// said late, because the load had too much to read, counts as late: latencies begin when it was due.
func (b *bench) speakInTurn(c *crowd, d time.Duration) error {
	step := time.Second / time.Duration(b.options.lightRate)
	next := time.Now()
	for n := range int(d / step) {
		place := n % (b.options.lightRooms * maxSenders) // clients are in rooms, and senders, by turns
		if cl := &c.clients[place]; cl.sender >= 0 && cl.stage == joined {
			if err := cl.send(next.UnixNano(), false); err != nil {
				return err
			}
		}
		next = next.Add(step)
		if _, err := c.run(next, func() bool { return false }); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) reportLight(kind string, c *crowd, w window) {
	p := c.latencies.percentiles(0.5, 0.99, 0.999)
	each := w.server.Seconds() * 1e6 / float64(w.deliveries)
	say(kind, "light rate: %.0f deliveries/s, %.2f us of CPU each (%.0f bytes), p50 %v, p99 %v, p99.9 %v; %v",
		float64(w.deliveries)/w.wall.Seconds(), each, float64(w.bytes)/float64(w.deliveries), p[0], p[1], p[2], c.tally)
	b.report.add(kind, loadLight, "deliveries per second", float64(w.deliveries)/w.wall.Seconds())
	b.report.add(kind, loadLight, "CPU per delivery", each)
	b.report.add(kind, loadLight, "bytes per delivery", float64(w.bytes)/float64(w.deliveries))
	for i, name := range []string{"p50", "p99", "p99.9"} {
		b.report.add(kind, loadLight, name, p[i].Seconds()*1e3)
	}
}

// bareSession measures what the kernel alone takes for the same bytes to as many sockets at the same rate.
func (b *bench) bareSession() error {
	o := bareOptions{connections: b.options.connections, rooms: b.options.lightRooms, rate: b.options.lightRate, bytes: 230}
	if measured, ok := b.report.value(gateway, loadLight, "bytes per delivery"); ok {
		o.bytes = int(measured + 0.5)
	}
	s, c, leave, err := b.gather(bare, b.options.connections, o.environment()...)
	if err != nil {
		return err
	}
	defer leave()
	c.bare = true
	c.enter(b.options.lightRooms, 0)
	if err := c.all("connect", rampWidth, time.Minute, (*client).dial); err != nil {
		return err
	}
	if err := c.idle(2 * time.Second); err != nil {
		return err
	}
	c.latencies = make(latencies, 0, 1<<20)
	w, err := b.measure("bare", c, s, b.options.seconds)
	if err != nil {
		return err
	}
	b.reportLight(bare, c, w)
	b.report.addTally(bare, loadLight, c)
	return nil
}

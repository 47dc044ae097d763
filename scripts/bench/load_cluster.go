//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// clusterRounds is the most rounds of a run of clusters, which is to last five minutes.
const clusterRounds = 2

// clusterRun measures several gateways on one Redis beside one alone, and beside Node servers with the official adapter. Every room has
// members at each server. All servers of a setup share a core, so that four of them have no more CPU than one.
func (b *bench) clusterRun() error {
	b.report.Rounds = min(b.options.rounds, clusterRounds)
	for _, session := range []struct {
		load   string
		setups []setup
		rounds int
		run    func(setup) error
	}{
		{loadFanout, []setup{alone, clusterOf1, clusterOf2}, b.report.Rounds, b.clusterFanout},
		{loadFanout, []setup{nodeServers}, 1, b.clusterFanout},
		{loadDurable, []setup{alone, clusterOf1, clusterOf2, clusterOf4}, b.report.Rounds, b.clusterDurable},
	} {
		if !b.wants(session.load) {
			continue
		}
		for b.report.round = 1; b.report.round <= session.rounds; b.report.round++ {
			for _, s := range session.setups {
				if s.kind == yardstick && !b.options.against || !strings.Contains(s.name, b.options.servers) {
					continue
				}
				if err := session.run(s); err != nil {
					if b.ctx.Err() != nil {
						return err
					}
					b.report.fault(fmt.Sprintf("%s: %v", s.name, err))
				}
			}
		}
	}
	return publish(b.options.out, "cluster", os.Stdout, b.report, b.report.clusterTable(), len(b.report.Faults))
}

// assemble starts a fleet and has a crowd join its rooms there. Leave ends both.
func (b *bench) assemble(s setup, database *database, people, rooms, senders int, more ...string) (f *fleet, c *crowd, leave func(), err error) {
	if f, err = b.startFleet(s, database, append(more, "ROOM_MEMBERS=off")...); err != nil {
		return nil, nil, nil, err
	}
	if c, err = newCrowd(b.ctx, b.users[:people], f.ports()...); err != nil {
		f.stop()
		return nil, nil, nil, err
	}
	leave = func() { c.close(); f.stop() }
	c.apart = database == nil // nobody orders what is not stored
	c.enter(rooms, senders)
	if err = c.all("connect", rampWidth, time.Minute, (*client).dial); err == nil {
		err = c.joinOwnRooms()
	}
	if err == nil {
		err = c.idle(2 * time.Second) // the last lists of members go out
	}
	if err != nil {
		leave()
		return nil, nil, nil, err
	}
	return f, c, leave, nil
}

// clusterFanout has each room always carry so many messages, which are not stored: whom all have heard speaks again. To hear oneself
// is not enough: one's own server would be given more and more, while the other one is ever further behind.
func (b *bench) clusterFanout(s setup) error {
	f, c, leave, err := b.assemble(s, nil, b.options.connections, b.options.rooms, b.options.window, "DATABASE_URL=none")
	if err != nil {
		return err
	}
	defer leave()
	c.heardByAll = func(cl *client) error { return cl.send(now(), false) }
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
	w, err := f.measure(c, b.options.seconds)
	if err != nil {
		return err
	}
	c.heardByAll = nil
	if err := errors.Join(c.settle(30*time.Second), f.ended()); err != nil {
		return err
	}
	b.addSpell(s, loadFanout, w, w.deliveries)
	b.report.addTally(s.name, loadFanout, c)
	return nil
}

// clusterDurable has every sender wait for the ack, and so for the store, before they speak again.
func (b *bench) clusterDurable(s setup) error {
	if err := b.database.empty(); err != nil {
		return err
	}
	people := b.options.senders
	f, c, leave, err := b.assemble(s, b.database, people, max(1, people/maxSenders), maxSenders, "DATABASE_URL="+b.database.url+"?connection_limit=10")
	if err != nil {
		return err
	}
	defer leave()
	if err := c.speakByAcks(); err != nil {
		return err
	}
	if err := c.idle(b.options.seconds / 5); err != nil {
		return err
	}
	profiled := b.profileAll(f)
	w, err := f.measure(c, b.options.seconds)
	if err != nil {
		return err
	}
	if err := errors.Join(c.idle(500*time.Millisecond), profiled(), b.checkStored(s.name, c), f.ended()); err != nil { // so that the profile can end
		return err
	}
	b.addSpell(s, loadDurable, w, w.acks)
	return nil
}

// profileAll saves a CPU profile of each server while durable messages are measured. What it returns waits for them.
func (b *bench) profileAll(f *fleet) (wait func() error) {
	var all []<-chan error
	for i, one := range f.servers {
		all = append(all, b.profileFor(fmt.Sprintf("%s-%d", strings.NewReplacer(" ", "-", ",", "").Replace(f.name), i+1), one, b.options.seconds))
	}
	return func() error {
		var errs []error
		for _, done := range all {
			errs = append(errs, <-done)
		}
		return errors.Join(errs...)
	}
}

// addSpell notes a spell in which so much was done: deliveries, or messages.
func (b *bench) addSpell(s setup, load string, w spell, done int) {
	each := func(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(max(1, done)) }
	busy := func(d time.Duration) float64 { return 100 * d.Seconds() / w.wall.Seconds() }
	say(s.name, "%s: %.0f/s, CPU each: servers %.2f us, Redis %.2f us, Postgres %.2f us; servers' core %.0f %% busy, the other %.0f %%",
		load, float64(done)/w.wall.Seconds(), each(w.cpu.servers), each(w.cpu.redis), each(w.cpu.postgres), busy(w.cpu.servers), busy(w.cpu.load))
	for name, value := range map[string]float64{
		perSecond: float64(done) / w.wall.Seconds(), perCPU: float64(done) / (w.cpu.servers + w.cpu.redis).Seconds(),
		serversEach: each(w.cpu.servers), redisEach: each(w.cpu.redis), postgresEach: each(w.cpu.postgres),
		serversBusy: busy(w.cpu.servers), otherBusy: busy(w.cpu.load),
	} {
		b.report.add(s.name, load, name, value)
	}
}

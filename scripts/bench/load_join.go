//go:build linux

package main

import (
	"fmt"
	"time"
)

// membersLimit is the most that the gateway lists by default.
const membersLimit = 1000

// joinSession measures how a room takes many joins at once with lists of members on. The gateway takes the larger
// storm too, with a list that says how many there are beside the first 1,000.
func (b *bench) joinSession(kind string) error {
	o := b.options
	if err := b.joinStorm(kind, "", o.storm, arrayOf(min(o.storm, membersLimit))); err != nil {
		return err
	}
	if kind != gateway {
		return nil
	}
	return b.joinStorm(kind, "big ", o.bigStorm, objectOf(roomName(0), o.bigStorm, min(o.bigStorm, membersLimit)), "MEMBERS_SHAPE=object")
}

func (b *bench) joinStorm(kind, size string, people int, final members, more ...string) error {
	s, c, leave, err := b.gather(kind, people, append(more, "DATABASE_URL=none")...)
	if err != nil {
		return err
	}
	defer leave()
	c.enter(1, 0)
	c.final = final
	if err := c.all("connect", rampWidth, time.Minute, (*client).dial); err != nil {
		return err
	}
	profiled := b.profileFor(size+"join", s, time.Second)
	end, err := c.open(s)
	if err != nil {
		return err
	}
	for i := range c.clients {
		if err := c.clients[i].joinQuietly(roomName(0)); err != nil {
			return err
		}
		if i%64 == 0 {
			if err := c.react(0); err != nil {
				return err
			}
		}
	}
	lastJoin := time.Now()
	everybodyKnows, err := c.run(lastJoin.Add(2*time.Minute), func() bool { return c.holders == people })
	if err != nil {
		return err
	}
	known := time.Since(lastJoin)
	if !everybodyKnows {
		b.report.fault(fmt.Sprintf("%s, %sjoin storm: %d of %d hold the final list", kind, size, c.holders, people))
	}
	if err := c.idle(time.Second); err != nil { // more may come than is needed, and counts
		return err
	}
	w, err := end()
	if err != nil {
		return err
	}
	if c.holders != people {
		b.report.fault(fmt.Sprintf("%s, %sjoin storm: %d of %d keep the final list", kind, size, c.holders, people))
	}
	say(kind, "%d joined one room: %.2f s of CPU, %.1f MB, final list held by %d after %.2f s", people, w.server.Seconds(), float64(w.bytes)/1e6, c.holders, known.Seconds())
	b.report.add(kind, size+loadJoin, "CPU", w.server.Seconds())
	b.report.add(kind, size+loadJoin, "bytes sent", float64(w.bytes)/1e6)
	b.report.add(kind, size+loadJoin, "until everyone holds the final list", known.Seconds())
	b.report.checkConnections(kind, size+loadJoin, c)
	return <-profiled
}

//go:build linux

package main

import (
	"errors"
	"fmt"
	"time"
)

// setup is servers that are one, or one alone.
type setup struct {
	name    string
	kind    string
	servers int
	joined  bool // by a Redis
}

var (
	alone       = setup{"gateway, no cluster", gateway, 1, false}
	clusterOf1  = setup{"cluster of one", gateway, 1, true}
	clusterOf2  = setup{"two gateways", gateway, 2, true}
	clusterOf4  = setup{"four gateways", gateway, 4, true}
	nodeServers = setup{"two Node servers", yardstick, 2, true}
)

// fleet is the processes of a setup. The servers share a core; Redis and Postgres are on the load's.
type fleet struct {
	setup
	servers  []*server
	redis    *server   // nil where there is none
	database *database // the same
}

// startFleet starts a Redis and the servers, which are stopped again if one does not start.
func (b *bench) startFleet(s setup, database *database, more ...string) (f *fleet, err error) {
	f = &fleet{setup: s, database: database}
	defer func() {
		if err != nil {
			f.stop()
		}
	}()
	if s.joined {
		if f.redis, err = b.startOn(b.options.loadCore, redis); err != nil {
			return f, err
		}
		more = append(more, fmt.Sprintf("REDIS_URL=redis://127.0.0.1:%d", f.redis.port))
	}
	for range s.servers {
		one, err := b.start(s.kind, more...)
		if err != nil {
			return f, err
		}
		f.servers = append(f.servers, one)
	}
	return f, nil
}

func (f *fleet) stop() {
	for _, s := range f.servers {
		s.stop()
	}
	if f.redis != nil {
		f.redis.stop()
	}
}

// ended tells which servers have ended by themselves, and why.
func (f *fleet) ended() error {
	var ends []error
	for _, s := range f.servers {
		ends = append(ends, s.end())
	}
	return errors.Join(ends...)
}

func (f *fleet) ports() (ports []int) {
	for _, s := range f.servers {
		ports = append(ports, s.port)
	}
	return ports
}

// usage is CPU time, of all processes of a kind.
type usage struct{ servers, redis, postgres, load time.Duration }

func (u usage) since(before usage) usage {
	return usage{u.servers - before.servers, u.redis - before.redis, u.postgres - before.postgres, u.load - before.load}
}

func (f *fleet) cpu() (u usage, err error) {
	for _, s := range f.servers {
		used, _, err := s.cpu()
		if err != nil {
			return u, err
		}
		u.servers += used
	}
	if f.redis != nil {
		if u.redis, _, err = f.redis.cpu(); err != nil {
			return u, err
		}
	}
	if f.database != nil {
		if u.postgres, err = f.database.cpu(); err != nil {
			return u, err
		}
	}
	u.load, err = cpuOfCore(f.servers[0].loadCore)
	return u, err
}

// spell is what a fleet did in a while.
type spell struct {
	wall             time.Duration
	cpu              usage
	deliveries, acks int
}

func (f *fleet) measure(c *crowd, d time.Duration) (s spell, err error) {
	before, err := f.cpu()
	start, deliveries, acks := time.Now(), c.tally.deliveries, c.acks
	if err := errors.Join(err, c.idle(d)); err != nil {
		return s, err
	}
	s = spell{wall: time.Since(start), deliveries: c.tally.deliveries - deliveries, acks: c.acks - acks}
	after, err := f.cpu()
	s.cpu = after.since(before)
	return s, err
}

//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// window is what happened between two moments: CPU of the server, and of all on the load's core.
type window struct {
	wall, server, load time.Duration
	app                time.Duration // the app's part of the server's
	deliveries, bytes  int           // received
	acks               int
}

// open begins a window; the function returned ends it.
func (c *crowd) open(s *server) (func() (window, error), error) {
	cpu, app, err := s.cpu()
	load, err2 := cpuOfCore(s.loadCore)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	start, deliveries, received, acks := time.Now(), c.tally.deliveries, c.bytes, c.acks
	return func() (window, error) {
		cpuAfter, appAfter, err := s.cpu()
		loadAfter, err2 := cpuOfCore(s.loadCore)
		return window{
			wall: time.Since(start), server: cpuAfter - cpu, app: appAfter - app, load: loadAfter - load,
			deliveries: c.tally.deliveries - deliveries, bytes: c.bytes - received, acks: c.acks - acks,
		}, errors.Join(err, err2)
	}, nil
}

// busy returns how many percent of its core the server used, and all else of the load's core.
func (w window) busy() (server, load float64) {
	return 100 * w.server.Seconds() / w.wall.Seconds(), 100 * w.load.Seconds() / w.wall.Seconds()
}

// measure opens a window for a while, and saves a profile of it if that is wanted.
func (b *bench) measure(name string, c *crowd, s *server, d time.Duration) (window, error) {
	profiled := b.profileFor(name, s, d)
	end, err := c.open(s)
	if err != nil {
		return window{}, err
	}
	if err := c.idle(d); err != nil {
		return window{}, err
	}
	w, err := end()
	if err != nil {
		return w, err
	}
	if err := c.idle(500 * time.Millisecond); err != nil { // so that the profile can end
		return w, err
	}
	return w, <-profiled
}

// profileFor saves a CPU profile of the next d as NAME.prof; the channel brings the end of it.
func (b *bench) profileFor(name string, s *server, d time.Duration) <-chan error {
	done := make(chan error, 1)
	if s.admin == "" {
		done <- nil
		return done
	}
	go func() { done <- b.saveProfile(name, s, d) }()
	return done
}

func (b *bench) saveProfile(name string, s *server, d time.Duration) error {
	reply, err := http.Get(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", s.admin, max(1, int(d/time.Second))))
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	defer reply.Body.Close()
	file, err := os.Create(filepath.Join(b.options.out, name+".prof"))
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	defer file.Close()
	if _, err := io.Copy(file, reply.Body); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	return nil
}

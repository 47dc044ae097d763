//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Kinds of servers.
const (
	gateway   = "gateway"
	yardstick = "yardstick"
	bare      = "bare write(2)"
)

// server is a process under load, on a core of its own.
type server struct {
	kind    string
	port    int
	admin   string // host:port of its profiles, or ""
	process *exec.Cmd
	log     string
	ended   chan error

	loadCore int // where its clients and its database are
}

// start starts a server of a kind on the servers' core and waits until it listens. more are environment variables.
func (b *bench) start(kind string, more ...string) (*server, error) {
	return b.startOn(b.options.serverCore, kind, more...)
}

func (b *bench) startOn(core int, kind string, more ...string) (*server, error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	s := &server{kind: kind, port: ports[0], log: filepath.Join(b.scratch, "server.log"), ended: make(chan error, 1), loadCore: b.options.loadCore}
	var command []string
	environment := []string{
		"PATH=" + os.Getenv("PATH"), "NODE_ENV=production", "HOST=127.0.0.1", "PORT=" + strconv.Itoa(s.port),
		"JWT_SECRET=" + jwtSecret, "MESSAGE_ENCRYPTION_KEY=" + messageKey,
	}
	switch kind {
	case gateway:
		command = []string{b.options.gateway}
		environment = append(environment, "GOMAXPROCS=1", "RATE_LIMIT=0", "LOG_LEVEL=warn", "RECOVERY="+b.options.recovery)
		if b.options.profile || b.options.attacks {
			s.admin = "127.0.0.1:" + strconv.Itoa(ports[1])
			environment = append(environment, "ADMIN_ADDR="+s.admin)
		}
	case yardstick:
		command = []string{"node", filepath.Join(b.options.yardstick, "server.js")}
	case bare:
		command = []string{b.self, "-bare", strconv.Itoa(s.port)}
		environment = append(environment, "GOMAXPROCS=1")
	}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, fmt.Errorf("make log: %w", err)
	}
	defer log.Close()
	s.process = exec.Command("taskset", append([]string{"-c", strconv.Itoa(core)}, command...)...)
	s.process.Dir, s.process.Stdout, s.process.Stderr = b.scratch, log, log
	s.process.Env = append(environment, more...)
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.process.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", kind, err)
	}
	go func() { s.ended <- s.process.Wait() }() // stop takes it
	if err := s.waitUntilItListens(); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// gather starts a server and makes a crowd for it, of which nobody is connected yet. Leave ends both.
func (b *bench) gather(kind string, people int, more ...string) (s *server, c *crowd, leave func(), err error) {
	if s, err = b.start(kind, more...); err != nil {
		return nil, nil, nil, err
	}
	if c, err = newCrowd(b.ctx, s.port, b.users[:people]); err != nil {
		s.stop()
		return nil, nil, nil, err
	}
	return s, c, func() { c.close(); s.stop() }, nil
}

func (s *server) waitUntilItListens() error {
	deadline := time.Now().Add(20 * time.Second)
	for {
		c, err := net.DialTimeout("tcp", "127.0.0.1:"+strconv.Itoa(s.port), time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case err := <-s.ended:
			s.ended <- err
			return fmt.Errorf("start %s: it ended (%v): %s", s.kind, err, s.lastWords())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("start %s: it does not listen: %s", s.kind, s.lastWords())
		}
	}
}

func (s *server) lastWords() string {
	b, _ := os.ReadFile(s.log)
	return strings.TrimSpace(string(b[max(0, len(b)-2000):]))
}

// stop ends the server, and waits for that.
func (s *server) stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(15 * time.Second):
		_ = s.process.Process.Kill()
		<-s.ended
	}
}

func (s *server) cpu() (time.Duration, error) { return cpuOf(s.process.Process.Pid) }

func (s *server) rss() (int, error) { return rssOf(s.process.Process.Pid) }

// freePorts returns ports that nobody listens on.
func freePorts(n int) ([]int, error) {
	var ports []int
	var errs []error
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { errs = append(errs, l.Close()) }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, errors.Join(errs...)
}

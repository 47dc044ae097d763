//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	floor     = "system calls alone"
	redis     = "Redis"
	plain     = "plain socket.io"
	attached  = "gateway + app"
)

// server is a process under load, on a core of its own.
type server struct {
	kind    string
	port    int
	admin   string // host:port of its profiles, or ""
	process *exec.Cmd
	log     string
	ended   chan error

	app *server // whose clients it has, nil for none

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
	s := &server{kind: kind, port: ports[0], log: filepath.Join(b.scratch, fmt.Sprintf("server-%d.log", ports[0])), ended: make(chan error, 1), loadCore: b.options.loadCore}
	var command []string
	environment := []string{
		"PATH=" + os.Getenv("PATH"), "NODE_ENV=production", "HOST=127.0.0.1", "PORT=" + strconv.Itoa(s.port),
		"JWT_SECRET=" + jwtSecret, "MESSAGE_ENCRYPTION_KEY=" + messageKey,
	}
	switch kind {
	case gateway:
		command = []string{b.options.gateway}
		if b.options.attacks && b.options.shared {
			command = append([]string{"chrt", "--fifo", "1"}, command...)
		}
		environment = append(environment, "GOMAXPROCS=1", "RATE_LIMIT=0", "LOG_LEVEL=warn", "RECOVERY="+b.options.recovery)
		if b.options.profile || b.options.attacks {
			s.admin = "127.0.0.1:" + strconv.Itoa(ports[1])
			environment = append(environment, "ADMIN_ADDR="+s.admin)
		}
	case yardstick:
		command = []string{"node", filepath.Join(b.options.yardstick, "server.js")}
	case plain:
		command = []string{"node", filepath.Join(b.options.yardstick, "handlers.js")}
		if b.options.profile {
			command = slices.Insert(command, 1, "--cpu-prof", "--cpu-prof-dir="+b.options.out)
		}
	case redis:
		command = []string{"redis-server", "--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--save", "", "--dir", b.scratch,
			"--client-output-buffer-limit", "pubsub 0 0 0"} // Redis cuts off who hears it too slowly: a Node server does
	case bare:
		command = []string{b.self, "-bare", strconv.Itoa(s.port)}
		environment = append(environment, "GOMAXPROCS=1")
	case floor:
		command = []string{b.self, "-floor", strconv.Itoa(s.port)}
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
	if c, err = newCrowd(b.ctx, b.users[:people], s.port); err != nil {
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
	if s.app != nil {
		s.app.stop()
	}
	_ = s.process.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(15 * time.Second):
		_ = s.process.Process.Kill()
		<-s.ended
	}
}

// cpu returns the CPU that the server has used, its app's included, and that of the app.
func (s *server) cpu() (all, app time.Duration, err error) {
	if s.app != nil {
		if app, err = cpuOf(s.app.process.Process.Pid); err != nil {
			return 0, 0, err
		}
	}
	if all, err = cpuOf(s.process.Process.Pid); err != nil {
		err = errors.Join(s.end(), err)
	}
	return all + app, app, err
}

// end tells how the server has ended, and what it said last; nil while it runs.
func (s *server) end() error {
	select {
	case err := <-s.ended:
		s.ended <- err // stop takes it
		return fmt.Errorf("%s has ended by itself (%v), saying: %s", s.kind, err, strings.Join(strings.Fields(s.lastWords()), " "))
	default:
		return nil
	}
}

// rss returns the memory of the server and its app.
func (s *server) rss() (int, error) {
	all, err := rssOf(s.process.Process.Pid)
	if s.app == nil || err != nil {
		return all, err
	}
	app, err := rssOf(s.app.process.Process.Pid)
	return all + app, err
}

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

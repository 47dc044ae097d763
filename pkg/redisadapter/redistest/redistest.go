// Package redistest gives tests a Redis of their own, on a port of its own, which they may stop, kill, pause and empty. It is gone when
// the test ends.
package redistest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

// patience is how long a server may take to answer.
const patience = 10 * time.Second

// Server is a redis-server of a test. Its methods fail the test.
type Server struct {
	t       testing.TB
	port    int
	args    []string
	process *exec.Cmd
}

// Start starts one, with nothing kept on disk. Further arguments are those of redis-server, such as "--requirepass", "secret".
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a Redis, and -short runs without servers")
	}
	s := &Server{t: t, args: args}
	for range 10 { // somebody else may take the port meanwhile
		s.port = FreePort(t)
		if s.start() {
			return s
		}
	}
	t.Fatal("redis-server does not listen")
	return nil
}

// Addr is where the server listens, and URL is what REDIS_URL would be.
func (s *Server) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }
func (s *Server) URL() string  { return "redis://" + s.Addr() }

// Restart starts the server again after Kill, empty, on the same port.
func (s *Server) Restart() {
	s.t.Helper()
	if !s.start() {
		s.t.Fatal("redis-server does not listen any more")
	}
}

// start reports whether the server listens: it ends when its port is taken.
func (s *Server) start() bool {
	s.t.Helper()
	dir := s.t.TempDir()
	s.t.Cleanup(s.Kill) // behind TempDir, so that nobody writes there when it is removed
	log := filepath.Join(dir, "log")
	args := append([]string{"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--dir", dir, "--logfile", log, "--daemonize", "no"}, s.args...)
	s.process = exec.Command("redis-server", args...)
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.process.Start(); err != nil {
		s.t.Fatal("start redis-server (apt-get install redis-server): ", err)
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		switch text, _ := os.ReadFile(log); {
		case bytes.Contains(text, []byte("eady to accept connections")):
			return true
		case bytes.Contains(text, []byte("Failed listening")), bytes.Contains(text, []byte("Address already in use")):
			s.Kill()
			return false
		}
	}
	s.Kill()
	return false
}

// Kill ends the server as kill -9 does, with all that it knew. It may be called again.
func (s *Server) Kill() {
	if s.process != nil {
		s.process.Process.Kill()
		s.process.Wait()
		s.process = nil
	}
}

// Pause stops the process (SIGSTOP), so that it takes connections and answers none, and Resume lets it go on.
func (s *Server) Pause()  { s.signal(syscall.SIGSTOP) }
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.process.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// FailToSave has the server take no writes, since it can't save what it has: PING is an error then too, and messages go on.
func (s *Server) FailToSave() {
	s.t.Helper()
	dir, err := s.Do("CONFIG", "GET", "dir").AsStrMap()
	if err != nil {
		s.t.Fatal(err)
	}
	os.RemoveAll(dir["dir"])
	s.Do("CONFIG", "SET", "save", "3600 1000000")
	s.Do("BGSAVE")
	for end := time.Now().Add(patience); s.Do("PING").Error() == nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatal("the server saves what it has")
		}
	}
}

// CPU is how much the server has used.
func (s *Server) CPU() time.Duration {
	s.t.Helper()
	return time.Duration((s.Info("used_cpu_user") + s.Info("used_cpu_sys")) * float64(time.Second))
}

// Info is a number of INFO.
func (s *Server) Info(name string) float64 {
	s.t.Helper()
	text, err := s.Do("INFO").ToString()
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			number, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return number
		}
	}
	s.t.Fatalf("INFO has no %s", name)
	return 0
}

// Do sends one command and gives the answer.
func (s *Server) Do(command ...string) rueidis.RedisResult {
	s.t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{s.Addr()}, ForceSingleClient: true, DisableCache: true})
	if err != nil {
		s.t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return client.Do(ctx, client.B().Arbitrary(command...).Build())
}

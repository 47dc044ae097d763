package redistest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// MasterSet is how a Sentinel calls its master.
const MasterSet = "main"

// Sentinel is a master, its replica, and a sentinel that makes the replica master when the master has not answered for half a second.
type Sentinel struct {
	Master, Replica *Server
	port            int
}

// StartSentinel starts the three.
func StartSentinel(t testing.TB) *Sentinel {
	t.Helper()
	s := &Sentinel{Master: Start(t), port: FreePort(t)}
	s.Replica = Start(t, "--replicaof", "127.0.0.1", strconv.Itoa(s.Master.port))
	config := filepath.Join(t.TempDir(), "sentinel.conf") // the sentinel writes into it
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\nsentinel monitor %s 127.0.0.1 %d 1\nsentinel down-after-milliseconds %[2]s 500\n"+
		"sentinel failover-timeout %[2]s 3000\n", s.port, MasterSet, s.Master.port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	process := exec.Command("redis-sentinel", config)
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := process.Start(); err != nil {
		t.Fatal("start redis-sentinel (apt-get install redis-sentinel): ", err)
	}
	t.Cleanup(func() {
		process.Process.Kill()
		process.Wait()
	})
	s.waitForReplica(t)
	return s
}

// waitForReplica returns when the sentinel could fail over.
func (s *Sentinel) waitForReplica(t testing.TB) {
	t.Helper()
	sentinel := &Server{t: t, port: s.port}
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.DialTimeout("tcp", s.Addr(), time.Second); err == nil {
			c.Close()
			replicas, err := sentinel.Do("SENTINEL", "REPLICAS", MasterSet).ToArray()
			if err == nil && len(replicas) == 1 {
				if state, err := replicas[0].AsStrMap(); err == nil && state["master-link-status"] == "ok" {
					return
				}
			}
		}
		if time.Now().After(end) {
			t.Fatal("the sentinel does not know the replica")
		}
	}
}

// Addr is where the sentinel listens, and URL is what REDIS_URL would be.
func (s *Sentinel) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }
func (s *Sentinel) URL() string  { return "redis://" + s.Addr() + "/?master_set=" + MasterSet }

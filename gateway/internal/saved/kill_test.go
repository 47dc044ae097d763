package saved

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// childURL is the variable that makes the test binary a gateway that keeps sessions there, which is to be killed.
const childURL = "SAVED_TEST_CHILD"

const childSessions = 100

// beChild keeps sessions until it is killed, and says when all of them are written, and which it has ended since others have them.
func beChild(url string) {
	r := &record{counts: map[string]int{}}
	u, o, err := where(url)
	if err != nil {
		panic(err)
	}
	o.Window, o.Observer = time.Minute, r
	s, err := Open(context.Background(), u, o)
	if err != nil {
		panic(err)
	}
	var all crowd
	for i := range childSessions {
		all.all = append(all.all, childSession(i))
	}
	s.follow(all.sockets())
	all.each(s.changed)
	for r.counted("written") < childSessions {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("written")
	for said := make(map[session]bool); ; time.Sleep(time.Millisecond) {
		for _, one := range all.all {
			if one.(*socket).superseded.Load() > 0 && !said[one] {
				said[one] = true
				fmt.Println("superseded", one.ID())
			}
		}
	}
}

func childSession(i int) *socket {
	return connect(fmt.Sprint("sid-", i), fmt.Sprint("user-", i), "lobby", fmt.Sprint("room-", i))
}

// child is a process that has saved its sessions. It is killed at the end of the test.
type child struct {
	t       *testing.T
	process *exec.Cmd
	says    *bufio.Reader
	killed  atomic.Bool
}

func startChild(t *testing.T, url string) *child {
	t.Helper()
	c := &child{t: t, process: exec.Command(os.Args[0])}
	c.process.Env = append(os.Environ(), childURL+"="+url)
	c.process.Stderr = os.Stderr
	out, err := c.process.StdoutPipe()
	must(t, err)
	c.says = bufio.NewReader(out)
	must(t, c.process.Start())
	t.Cleanup(c.kill)
	if line := c.line(); line != "written\n" {
		t.Fatalf("the child said %q", line)
	}
	return c
}

func (c *child) line() string {
	line, _ := c.says.ReadString('\n')
	return line
}

func (c *child) signal(s syscall.Signal) { must(c.t, c.process.Process.Signal(s)) }

func (c *child) kill() {
	if !c.killed.Swap(true) {
		c.process.Process.Kill()
		c.process.Wait()
	}
}

func TestSessionsOutliveAKilledProcess(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at place) {
		startChild(t, at.url).kill()
		g := start(t, at.url, Options{})
		for i := range childSessions {
			wants(t, g.claim(fmt.Sprint("sid-", i)), childSession(i))
		}
		wants(t, g.claim("sid-unknown"), nil)
		eventually(t, "counted", func() bool { return g.counted("found") == childSessions && g.counted("none") == 1 })
	})
}

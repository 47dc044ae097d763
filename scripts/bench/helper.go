//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/socketgate/socketgate/scripts/bench/attack"
)

// helper is another process of this program, which answers each line with a line.
type helper struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	log     strings.Builder
}

// startHonest starts the honest clients and waits until they are at work.
func (b *bench) startHonest(a attack.Attack, s *server) (*helper, error) {
	source := attack.Honest.String()
	if a.Proxied {
		source = "127.0.0.1"
	}
	h, err := b.startHelper([]string{"chrt", "--fifo", "1"}, "-honest", strconv.Itoa(s.port), "-source", source)
	if err != nil {
		return nil, err
	}
	_, err = h.watch(b.options.attackWindow / 2) // code and memory warm up
	if err != nil {
		h.stop()
	}
	return h, err
}

func (b *bench) startAttackers(a attack.Attack, s *server) (*helper, error) {
	var by []string
	if b.options.shared {
		by = []string{"nice", "-n", "-20"} // an attack that waits for others is none
	}
	return b.startHelper(by, "-attacker", a.Name, "-target", strconv.Itoa(s.port))
}

func (b *bench) startHelper(by []string, args ...string) (*helper, error) {
	command := append(append(by, b.self), args...)
	h := &helper{process: exec.Command(command[0], command[1:]...)}
	h.process.Stderr = &h.log
	h.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := h.process.StdinPipe()
	out, err2 := h.process.StdoutPipe()
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	h.in, h.out = in, bufio.NewReader(out)
	if err := h.process.Start(); err != nil {
		return nil, fmt.Errorf("start %v: %w", args, err)
	}
	return h, nil
}

// ask asks for a line of JSON.
func (h *helper) ask(answer any) error {
	if _, err := io.WriteString(h.in, "\n"); err != nil {
		return h.ended(err)
	}
	line, err := h.out.ReadBytes('\n')
	if err != nil {
		return h.ended(err)
	}
	return json.Unmarshal(line, answer)
}

func (h *helper) ended(err error) error {
	return fmt.Errorf("%v: %w: %s", h.process.Args, err, strings.TrimSpace(h.log.String()))
}

// watch returns what honest clients find in a while.
func (h *helper) watch(d time.Duration) (w honesty, err error) {
	if err := h.ask(&w); err != nil {
		return w, err
	}
	time.Sleep(d)
	w = honesty{}
	return w, h.ask(&w)
}

// stop ends the process and its connections.
func (h *helper) stop() {
	_ = h.process.Process.Kill() // it may have ended
	_ = h.process.Wait()
}

// serveAttack is the attackers' process. Each line on in asks for what it has done so far, which goes to out.
func serveAttack(ctx context.Context, name string, port int, in io.Reader, out io.Writer) error {
	a, ok := attack.Find(name)
	if !ok {
		return fmt.Errorf("no attack is called %q", name)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var did atomic.Int64
	over := make(chan struct{})
	go func() {
		defer close(over)
		a.Run(ctx, attack.Target{Address: fmt.Sprintf("127.0.0.1:%d", port), Secret: jwtSecret}, &did)
	}()
	for lines := bufio.NewScanner(in); lines.Scan(); {
		if _, err := fmt.Fprintln(out, did.Load()); err != nil {
			return err
		}
	}
	stop()
	<-over
	return nil
}

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/socketgate/socketgate/scripts/bench/attack"
)

// How long the parts of an attack take.
const (
	attackRamp = time.Second
	// longestRamp is how long an attack may take until the gateway has a word for it: on a busy machine 300 who fill a room first.
	longestRamp = 15 * time.Second
	// longestRecovery is more than the longest deadline before a login and the gateway's longest wait before it gives memory back.
	longestRecovery = 90 * time.Second
)

// attackSession measures what each attack does to honest clients and to the gateway's memory. Each has a gateway of its own, with
// the default limits, so that what one leaves behind is not taken for what the next one found. The gateway has a core to
// itself; attackers and honest clients share the other one.
//
// The honest clients' process goes before the attackers on that core, by its real-time priority. What is left of the attackers in its
// figures (the kernel's work for their packets, the caches, the host) shows in a second comparison: the same attack on
// another gateway, which runs on the attackers' core, while the honest clients use the one that nobody attacks.
//
// Where others use the machine, the gateway waits for its core beside them, which looks like an attack that does harm: 5 ms become 150. The row
// says how much of the core they used, and with -shared the gateway goes before them by its priority.
//
// Memory is read before the attack, while it goes on, and after it until it is back. That takes as long as the gateway needs to
// miss whoever is gone and to become idle, and goes on while the next attack is measured: the gateway does nothing then.
func (b *bench) attackSession() error {
	b.attacks.Machine = b.report.Machine
	if err := b.database.empty(); err != nil {
		return err
	}
	var recoveries []<-chan struct{}
	for _, a := range attack.All {
		if b.options.attack != "" && !strings.Contains(a.Name, b.options.attack) {
			continue
		}
		recovered, err := b.withstand(a)
		if err != nil {
			if b.ctx.Err() != nil {
				return err
			}
			b.attacks.Faults = append(b.attacks.Faults, fmt.Sprintf("%s: %v", a.Name, err))
			continue
		}
		recoveries = append(recoveries, recovered)
	}
	for _, recovered := range recoveries {
		<-recovered
	}
	for _, m := range b.attacks.Endured {
		m.judge()
	}
	return b.attacks.write(b.options.out, os.Stdout)
}

// withstand measures one attack. The channel is closed once the gateway has been watched long enough.
func (b *bench) withstand(a attack.Attack) (<-chan struct{}, error) {
	s, err := b.startOn(b.options.serverCore, gateway, b.attackSettings(a)...)
	if err != nil {
		return nil, err
	}
	m := &endured{Attack: a.Name}
	if err = b.endure(a, s, m); err != nil {
		s.stop()
		return nil, err
	}
	b.attacks.Endured = append(b.attacks.Endured, m)
	m.judge()
	say("attack", "%v", m)
	recovered := make(chan struct{})
	go func() {
		defer close(recovered)
		defer s.stop()
		if fault := m.awaitMemory(b.ctx, s); fault != nil {
			m.Fault = fault.Error()
		}
	}()
	return recovered, nil
}

// attackSettings are the gateway's: default limits, which start takes off for the other loads.
func (b *bench) attackSettings(a attack.Attack) []string {
	trusted := "none"
	if a.Proxied {
		trusted = "private"
	}
	database := "none"
	if a.Database {
		database = b.database.url
	}
	return append([]string{"RATE_LIMIT=100", "DATABASE_URL=" + database, "TRUSTED_PROXIES=" + trusted}, a.Settings...)
}

// endure measures the honest clients alone, beside an attack on somebody else, and beside the attack.
func (b *bench) endure(a attack.Attack, s *server, m *endured) error {
	people, err := b.startHonest(a, s)
	if err != nil {
		return err
	}
	defer people.stop()
	if m.Alone, err = people.watch(b.options.attackWindow); err != nil {
		return err
	}
	if m.Elsewhere, err = b.attackElsewhere(a, people); err != nil {
		return err
	}
	if m.Before, err = s.rss(); err != nil {
		return err
	}
	return b.attackHere(a, s, people, m)
}

// attackElsewhere has the attack on a gateway that shares the attackers' core.
func (b *bench) attackElsewhere(a attack.Attack, people *helper) (honesty, error) {
	victim, err := b.startOn(b.options.loadCore, gateway, b.attackSettings(a)...)
	if err != nil {
		return honesty{}, err
	}
	defer victim.stop()
	attackers, err := b.startAttackers(a, victim)
	if err != nil {
		return honesty{}, err
	}
	defer attackers.stop()
	time.Sleep(attackRamp)
	return people.watch(b.options.attackWindow)
}

func (b *bench) attackHere(a attack.Attack, s *server, people *helper, m *endured) error {
	calm, err := s.metrics()
	if err != nil {
		return err
	}
	attackers, err := b.startAttackers(a, s)
	if err != nil {
		return err
	}
	defer attackers.stop()
	attackBegan := time.Now()
	if err := awaitSign(a, s, calm); err != nil {
		return err
	}
	profiled := b.profileFor(strings.ReplaceAll(a.Name, " ", "-"), s, b.options.attackWindow)
	cpu, _, err := s.cpu()
	if err != nil {
		return err
	}
	core, err := cpuOfCore(b.options.serverCore)
	if err != nil {
		return err
	}
	watching := s.watchMemory()
	began := time.Now()
	m.Beside, err = people.watch(b.options.attackWindow)
	m.During = <-watching()
	cpuAfter, _, err2 := s.cpu()
	coreAfter, err3 := cpuOfCore(b.options.serverCore)
	wall := time.Since(began).Seconds()
	var did int64
	err = errors.Join(err, err2, err3, attackers.ask(&did), <-profiled)
	if err != nil {
		return err
	}
	m.PerSecond, m.Busy = float64(did)/time.Since(attackBegan).Seconds(), 100*(cpuAfter-cpu).Seconds()/wall
	m.Others = max(0, 100*(coreAfter-core).Seconds()/wall-m.Busy)
	attacked, err := s.metrics()
	if err != nil {
		return err
	}
	m.Signs = signs(calm, attacked)
	if did == 0 || !shows(a, calm, attacked) {
		return fmt.Errorf("the attack did not take place: it counts %d, and %s has not risen; the gateway says: %s", did, a.Sign, strings.Join(m.Signs, ", "))
	}
	return nil
}

// awaitSign waits until the attack is under way, as far as the gateway has a word for it, and at most longestRamp.
func awaitSign(a attack.Attack, s *server, calm map[string]float64) error {
	giveUp := time.Now().Add(longestRamp)
	for time.Sleep(attackRamp); ; time.Sleep(attackRamp / 4) {
		attacked, err := s.metrics()
		if err != nil || shows(a, calm, attacked) || time.Now().After(giveUp) {
			return err
		}
	}
}

// shows tells whether the sign of an attack has risen, if it has one.
func shows(a attack.Attack, calm, attacked map[string]float64) bool {
	return a.Sign == "" || risen(calm, attacked, a.Sign) >= leastRise(a.Sign)
}

// watchMemory reads the memory until the function that it returns is called; the channel brings the most of it.
func (s *server) watchMemory() func() <-chan int {
	over, most := make(chan struct{}), make(chan int, 1)
	go func() {
		top := 0
		for tick := time.NewTicker(50 * time.Millisecond); ; {
			if rss, err := s.rss(); err == nil {
				top = max(top, rss)
			}
			select {
			case <-tick.C:
			case <-over:
				most <- top
				return
			}
		}
	}()
	return func() <-chan int { close(over); return most }
}

// awaitMemory waits until the memory is back.
func (m *endured) awaitMemory(ctx context.Context, s *server) error {
	began := time.Now()
	for tick := time.NewTicker(250 * time.Millisecond); ; <-tick.C {
		rss, err := s.rss()
		if err != nil {
			return err
		}
		m.After, m.Recovery = rss, time.Since(began)
		if float64(rss) <= mostMemoryLeft*float64(m.Before) || m.Recovery > longestRecovery || ctx.Err() != nil {
			return nil
		}
	}
}

//go:build linux

package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/scripts/bench/attack"
)

// calm is an attack that harmed nobody.
func calm() *endured {
	window := func(ms int64) honesty {
		l := make(latencies, 100)
		for i := range l {
			l[i] = ms * int64(time.Millisecond)
		}
		return honesty{Connects: l, Trips: l}
	}
	return &endured{
		Attack: "storm", PerSecond: 1234, Busy: 56, Signs: []string{"refused 7"},
		Alone: window(10), Elsewhere: window(11), Beside: window(20),
		Before: 20 << 20, During: 80 << 20, After: 22 << 20, Recovery: 8 * time.Second,
	}
}

func TestAnAttackIsARowOfTheTable(t *testing.T) {
	t.Parallel()
	m, dir := calm(), t.TempDir()
	m.judge()
	g := siege{Endured: []*endured{m}}
	if err := g.write(dir, io.Discard); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(dir, "attacks.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := "| storm | 1,234 | 56% | refused 7 | 10.0, 11.0, 20.0: 2.00x | 10.0, 11.0, 20.0: 2.00x | 20.0, 80.0, 22.0 after 8 s | met |\n"
	if !strings.Contains(string(written), want) {
		t.Errorf("the table lacks %s:\n%s", want, written)
	}
}

func TestWhoElseUsedTheGatewaysCoreIsTold(t *testing.T) {
	t.Parallel()
	m := calm()
	if m.Others = leastOthers - 1; m.core() != "56%" {
		t.Errorf("the kernel's own work is told: %s", m.core())
	}
	if m.Others = 44; m.core() != "56%, others 44%" {
		t.Errorf("got %s", m.core())
	}
}

func TestEachTargetOfAnAttackCanBeMissed(t *testing.T) {
	t.Parallel()
	for what, harm := range map[string]func(*endured){
		"slow connects":    func(m *endured) { m.Beside.Connects = latencies{int64(21 * time.Millisecond)} },
		"slow round trips": func(m *endured) { m.Beside.Trips = latencies{int64(21 * time.Millisecond)} },
		"memory":           func(m *endured) { m.After = 23 << 20 },
		"failed connects":  func(m *endured) { m.Beside.Failed = 1 },
		"no trips":         func(m *endured) { m.Beside.Trips = nil },
	} {
		m := calm()
		if m.judge(); !m.Met {
			t.Fatal("a calm attack misses a target")
		}
		harm(m)
		if m.judge(); m.Met {
			t.Errorf("%s: the targets are met", what)
		}
	}
}

func TestAHonestClientThatGetsNoConnectionFailsTheRun(t *testing.T) {
	t.Parallel()
	m := calm()
	m.Beside.Failed = 1
	m.judge()
	g := siege{Endured: []*endured{m}}
	if err := g.write(t.TempDir(), io.Discard); err == nil {
		t.Error("no error")
	}
}

func TestWhatTheGatewaySaysOfAnAttackIsWhatHasRisen(t *testing.T) {
	t.Parallel()
	before := map[string]float64{
		`socketgate_handshakes_refused_total{cause="max pending"}`: 5, `socketgate_limited_total{limit="events",of="user"}`: 1,
	}
	after := map[string]float64{
		`socketgate_handshakes_refused_total{cause="max pending"}`: 1205, `socketgate_limited_total{limit="events",of="user"}`: 4,
		`socketgate_connections_closed_total{reason="transport close"}`: 900, `socketgate_pending`: 300,
	}
	if got := strings.Join(signs(before, after), "; "); got != "holds 300 pending; handshakes refused: max pending 1,200; limited: events of a user 3.00" {
		t.Errorf("it says %q", got)
	}
	if n := risen(before, after, "socketgate_handshakes_refused_total"); n != 1200 {
		t.Errorf("risen by %v", n)
	}
}

// Three hundred who fill a room had no row: on a busy machine they had not been at their limit within a second.
func TestAnAttackShowsOnceItsSignHasRisen(t *testing.T) {
	t.Parallel()
	limited := attack.Attack{Sign: "socketgate_limited_total"}
	calm := map[string]float64{`socketgate_limited_total{limit="events"}`: 5}
	if shows(limited, calm, calm) {
		t.Error("it shows without a sign")
	}
	if !shows(limited, calm, map[string]float64{`socketgate_limited_total{limit="events"}`: 6}) || !shows(attack.Attack{}, calm, calm) {
		t.Error("it does not show")
	}
}

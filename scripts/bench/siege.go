//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// The targets: how many times the undisturbed p99 an honest client may take beside an attack, and how many times the memory
// before it the gateway may hold after it.
const (
	mostSlower     = 2
	mostMemoryLeft = 1.1
)

// endured is what came of one attack.
type endured struct {
	Attack    string        `json:"attack"`
	PerSecond float64       `json:"perSecond"` // what the attackers brought about
	Busy      float64       `json:"busy"`      // percent of the gateway's core
	Others    float64       `json:"others"`    // percent of it that others used: without -shared everybody waited for them, too
	Signs     []string      `json:"signs"`     // what the gateway's metrics say of it
	Alone     honesty       `json:"-"`
	Elsewhere honesty       `json:"-"` // another gateway is attacked
	Beside    honesty       `json:"-"`
	Connect   comparison    `json:"connect"`
	Trip      comparison    `json:"trip"`
	Before    int           `json:"before"` // bytes of memory
	During    int           `json:"during"` // the most
	After     int           `json:"after"`
	Recovery  time.Duration `json:"recovery"` // until memory was back
	Met       bool          `json:"met"`
	Fault     string        `json:"fault,omitempty"`
}

// comparison is of percentiles, in milliseconds.
type comparison struct {
	Alone     percentiles `json:"alone"`
	Elsewhere percentiles `json:"elsewhere"`
	Beside    percentiles `json:"beside"`
}

type percentiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Of  int     `json:"of"`
}

func percentilesOf(l latencies) percentiles {
	p := l.percentiles(0.5, 0.99)
	return percentiles{p[0].Seconds() * 1e3, p[1].Seconds() * 1e3, len(l)}
}

func (c comparison) ratio() float64 { return c.Beside.P99 / c.Alone.P99 }

// kept says whether the target was met; it was not if nothing was measured.
func (c comparison) kept() bool {
	return c.Alone.Of > 0 && c.Beside.Of > 0 && c.ratio() <= mostSlower
}

// judge fills what follows from what was measured.
func (m *endured) judge() {
	m.Connect = comparison{percentilesOf(m.Alone.Connects), percentilesOf(m.Elsewhere.Connects), percentilesOf(m.Beside.Connects)}
	m.Trip = comparison{percentilesOf(m.Alone.Trips), percentilesOf(m.Elsewhere.Trips), percentilesOf(m.Beside.Trips)}
	m.Met = m.Connect.kept() && m.Trip.kept() && m.remains() <= mostMemoryLeft
	if m.Fault == "" && m.Beside.Failed > 0 {
		m.Fault = fmt.Sprintf("%d honest connects failed, the first: %s", m.Beside.Failed, m.Beside.Fault)
	}
	m.Met = m.Met && m.Fault == ""
}

// remains returns how many times the memory before is held after.
func (m *endured) remains() float64 { return float64(m.After) / float64(m.Before) }

func (m *endured) String() string {
	return fmt.Sprintf("%s: %.0f/s, core %s busy, p99 of connect %.2f ms, elsewhere %.2f, beside %.2f; of round trip %.2f, elsewhere %.2f, beside %.2f; %d MiB before, %d during; %s",
		m.Attack, m.PerSecond, m.core(), m.Connect.Alone.P99, m.Connect.Elsewhere.P99, m.Connect.Beside.P99,
		m.Trip.Alone.P99, m.Trip.Elsewhere.P99, m.Trip.Beside.P99, m.Before>>20, m.During>>20, strings.Join(m.Signs, ", "))
}

// siege is a run of attacks, as attacks.json holds it.
type siege struct {
	Machine machine    `json:"machine"`
	Endured []*endured `json:"attacks"`
	Faults  []string   `json:"faults"`
}

// write writes attacks.json and attacks.md into a folder, and the table to out as well. Faults of the run, which leave a
// row out or make it worth nothing, are an error; targets that are not met are none.
func (g *siege) write(dir string, out io.Writer) error {
	for _, m := range g.Endured {
		if m.Fault != "" {
			g.Faults = append(g.Faults, m.Attack+": "+m.Fault)
		}
	}
	return publish(dir, "attacks", out, g, g.table(), len(g.Faults))
}

// table returns the attacks in Markdown.
func (g *siege) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v.\n\n", g.Machine)
	b.WriteString("| attack | a second | gateway's core | what the gateway says | connect p99, ms | round trip p99, ms | RSS, MiB | |\n|---|--:|--:|---|--:|--:|--:|---|\n")
	for _, m := range g.Endured {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %v | %v | %s, %s, %s after %.0f s | %s |\n",
			strings.TrimSpace(m.Attack), short(m.PerSecond), m.core(), strings.Join(m.Signs, "; "), m.Connect, m.Trip,
			mib(m.Before), mib(m.During), mib(m.After), m.Recovery.Seconds(), m.verdict())
	}
	for _, fault := range slices.Sorted(slices.Values(g.Faults)) {
		fmt.Fprintf(&b, "\nFAULT: %s\n", fault)
	}
	return b.String()
}

// String is alone, elsewhere, beside, and the ratio that the target is about.
func (c comparison) String() string {
	return fmt.Sprintf("%s, %s, %s: %sx", short(c.Alone.P99), short(c.Elsewhere.P99), short(c.Beside.P99), short(c.ratio()))
}

// leastOthers is what is told of them, in percent: the kernel's own work is less.
const leastOthers = 5

// core is who used the gateway's core.
func (m *endured) core() string {
	core := fmt.Sprintf("%.0f%%", m.Busy)
	if m.Others >= leastOthers {
		core += fmt.Sprintf(", others %.0f%%", m.Others)
	}
	return core
}

func mib(bytes int) string { return short(float64(bytes) / (1 << 20)) }

func (m *endured) verdict() string {
	if m.Met {
		return "met"
	}
	return "**not met**"
}

//go:build linux

package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// figure is one number that was measured, in one round.
type figure struct {
	Server string  `json:"server"`
	Load   string  `json:"load"`
	Name   string  `json:"name"`
	Round  int     `json:"round"` // from 1
	Value  float64 `json:"value"`
}

// report is a run, as results.json holds it.
type report struct {
	Machine machine   `json:"machine"`
	Options string    `json:"options"`
	Rounds  int       `json:"rounds"` // of connect, light and durable
	Figures []figure  `json:"figures"`
	Lines   []outcome `json:"lines"`
	Faults  []string  `json:"faults"`

	round int // which figures are added to
}

// outcome is a line of the table. Its numbers are medians of the rounds; the ratio is the median of the rounds' ratios.
type outcome struct {
	Load      string   `json:"load"`
	Name      string   `json:"name"`
	Unit      string   `json:"unit"`
	Gateway   *float64 `json:"gateway,omitempty"`
	Yardstick *float64 `json:"yardstick,omitempty"`
	Ratio     *spread  `json:"ratio,omitempty"` // how many times better the gateway is
	Target    string   `json:"target,omitempty"`
	Wanted    float64  `json:"wanted,omitempty"` // the ratio that the target asks for, if it asks for one
	Met       *bool    `json:"met,omitempty"`
}

func (r *report) add(server, load, name string, value float64) {
	r.Figures = append(r.Figures, figure{server, load, name, r.round, value})
}

func (r *report) fault(what string) {
	r.Faults = append(r.Faults, fmt.Sprintf("round %d: %s", r.round, what))
}

// rounds returns a figure by rounds.
func (r *report) rounds(server, load, name string) map[int]float64 {
	values := make(map[int]float64)
	for _, f := range r.Figures {
		if f.Server == server && f.Load == load && f.Name == name {
			values[f.Round] = f.Value
		}
	}
	return values
}

// value returns the median of a figure's rounds.
func (r *report) value(server, load, name string) (float64, bool) {
	s, ok := spreadOf(slices.Collect(maps.Values(r.rounds(server, load, name))))
	return s.Median, ok
}

// ratio returns how often a server's figure holds another's, of the rounds that both have.
func (r *report) ratio(server, other, load, name string) (spread, bool) {
	var ratios []float64
	others := r.rounds(other, load, name)
	for round, value := range r.rounds(server, load, name) {
		if o := others[round]; o > 0 {
			ratios = append(ratios, value/o)
		}
	}
	return spreadOf(ratios)
}

// checkConnections makes it a fault of the run if a connection has ended by itself, or an error was heard.
func (r *report) checkConnections(server, load string, c *crowd) {
	if c.errors > 0 || c.failed > 0 {
		r.fault(fmt.Sprintf("%s, %s: %d errors, %d connections ended (%v)", server, load, c.errors, c.failed, c.failure))
	}
}

// addTally adds what was wrong with the deliveries of a load. It is a fault of the run if anything was.
func (r *report) addTally(server, load string, c *crowd) {
	t := c.tally
	r.add(server, load, "deliveries", float64(t.deliveries))
	r.add(server, load, "lost", float64(t.lost))
	r.add(server, load, "doubled", float64(t.doubled))
	r.add(server, load, "out of order", float64(t.outOfOrder+t.elsewhere))
	if t.faults() > 0 {
		r.fault(fmt.Sprintf("%s, %s: %v", server, load, t))
	}
	r.checkConnections(server, load, c)
}

// line is a line of the table as it is asked for. Its target is met or not by the figures of the gateway, the
// yardstick and the bare write; one that is missing makes it unknown.
type line struct {
	load, name, unit string
	moreIsBetter     bool
	target           string
	wanted           float64 // ratio to the yardstick
	met              func(r *report, gateway float64) (met, known bool)
}

func times(wanted float64) (string, float64) { return fmt.Sprintf("%gx", wanted), wanted }

var lines = func() []line {
	tenfold, ten := times(10)
	eightfold, eight := times(8)
	fiftyfold, fifty := times(50)
	fourfold, four := times(4)
	return []line{
		{load: loadConnect, name: "CPU per connect", unit: "us", target: eightfold, wanted: eight},
		{load: loadConnect, name: "CPU per join", unit: "us"},
		{load: loadIdle, name: "RSS per joined connection", unit: "KiB", target: "4 KiB and 4x", met: smallEnough},
		{load: loadFanout, name: "deliveries per second", unit: "/s", moreIsBetter: true, target: tenfold, wanted: ten},
		{load: loadFanout, name: "deliveries per CPU second", unit: "/s", moreIsBetter: true},
		{load: loadFanout, name: "server's core busy", unit: "%"},
		{load: loadLight, name: "p50", unit: "ms"},
		{load: loadLight, name: "p99", unit: "ms", target: fourfold, wanted: four},
		{load: loadLight, name: "p99.9", unit: "ms"},
		{load: loadLight, name: "CPU per delivery", unit: "us", target: "1.5x write(2)", met: nearBareWrite},
		{load: loadDurable, name: "messages per second", unit: "/s", moreIsBetter: true, target: tenfold, wanted: ten},
		{load: loadDurable, name: "CPU per message", unit: "us"},
		{load: loadDurable, name: "server's core busy", unit: "%"},
		{load: loadJoin, name: "CPU", unit: "s", target: fiftyfold, wanted: fifty},
		{load: loadJoin, name: "bytes sent", unit: "MB", target: fiftyfold, wanted: fifty},
		{load: loadJoin, name: "until everyone holds the final list", unit: "s"},
		{load: "big " + loadJoin, name: "CPU", unit: "s", target: "2 s", met: below(2)},
		{load: "big " + loadJoin, name: "bytes sent", unit: "MB"},
		{load: "big " + loadJoin, name: "until everyone holds the final list", unit: "s", target: "3 s", met: below(3)},
		{load: loadReconnect, name: "CPU per reconnect", unit: "us"},
		{load: loadReconnect, name: "until all are back", unit: "s"},
		{load: loadReconnect, name: "not back", unit: "", target: "0", met: below(0)},
		{load: loadRecover, name: "recovered", unit: "%", target: "100 %", met: func(_ *report, share float64) (bool, bool) { return share == 100, true }},
		{load: loadRecover, name: "CPU per recovery", unit: "us"},
		{load: loadRecover, name: "CPU per plain reconnect", unit: "us"},
		{load: loadRecover, name: "recovery beside a plain reconnect", unit: "", target: "1.5x", met: below(1.5)},
	}
}()

func below(limit float64) func(*report, float64) (bool, bool) {
	return func(_ *report, gateway float64) (bool, bool) { return gateway <= limit, true }
}

func smallEnough(r *report, gateway float64) (met, known bool) {
	node, ok := r.value(yardstick, loadIdle, "RSS per joined connection")
	if !ok {
		node = 16
	}
	return gateway <= min(4, node/4), ok || gateway > 4
}

func nearBareWrite(r *report, _ float64) (met, known bool) {
	of, ok := r.ratio(gateway, bare, loadLight, "CPU per delivery")
	return of.Median <= 1.5, ok
}

// outcome fills a line; ok is false if nothing was measured for it.
func (l line) outcome(r *report) (o outcome, ok bool) {
	o = outcome{Load: l.load, Name: l.name, Unit: l.unit, Target: l.target, Wanted: l.wanted}
	gatewayValue, ok := r.value(gateway, l.load, l.name)
	if !ok {
		return o, false
	}
	o.Gateway = &gatewayValue
	if l.met != nil {
		if met, known := l.met(r, gatewayValue); known {
			o.Met = &met
		}
	}
	node, ok := r.value(yardstick, l.load, l.name)
	if !ok {
		return o, true
	}
	o.Yardstick = &node
	better, worse := gateway, yardstick
	if !l.moreIsBetter {
		better, worse = yardstick, gateway
	}
	if ratio, ok := r.ratio(better, worse, l.load, l.name); ok && l.unit != "%" && l.unit != "" {
		o.Ratio = &ratio
		if l.wanted > 0 {
			met := ratio.Median >= l.wanted
			o.Met = &met
		}
	}
	return o, true
}

// write writes results.json, results.md and results.svg into a folder, and the table to out as well. Faults of the
// run are an error.
func (r *report) write(dir string, out io.Writer) error {
	r.Lines = nil
	for _, l := range lines {
		if o, ok := l.outcome(r); ok {
			r.Lines = append(r.Lines, o)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "results.svg"), r.chart(), 0o644); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return publish(dir, "results", out, r, r.table(), len(r.Faults))
}

// table returns the results in Markdown.
func (r *report) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v.\n\n", r.Machine)
	b.WriteString("| load | figure | gateway | Node | times better | target | |\n|---|---|--:|--:|--:|---|---|\n")
	load := ""
	for _, o := range r.Lines {
		shown := ""
		if o.Load != load {
			shown, load = o.Load, o.Load
		}
		ratio := ""
		if o.Ratio != nil {
			ratio = o.Ratio.String()
		}
		met := ""
		if o.Met != nil {
			met = metOrNot(*o.Met)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", shown, o.Name, withUnit(o.Gateway, o.Unit), withUnit(o.Yardstick, o.Unit), ratio, o.Target, met)
	}
	if write, ok := r.value(bare, loadLight, "CPU per delivery"); ok {
		fmt.Fprintf(&b, "\nA bare write(2) of the same bytes to as many sockets at the light rate: %s us of CPU each", short(write))
		if of, ok := r.ratio(gateway, bare, loadLight, "CPU per delivery"); ok {
			fmt.Fprintf(&b, ", which makes the gateway's delivery %v of them", of)
		}
		p50, _ := r.value(bare, loadLight, "p50")
		p99, _ := r.value(bare, loadLight, "p99")
		fmt.Fprintf(&b, "; p50 %s ms, p99 %s ms.\n", short(p50), short(p99))
	}
	if r.Rounds > 1 {
		fmt.Fprintf(&b, "\nThe figures of connect, light and durable are medians of %d rounds, one server after the other; behind a ratio is its range.\n", r.Rounds)
	}
	for _, kind := range []string{gateway, yardstick} {
		total := map[string]float64{}
		for _, f := range r.Figures {
			if f.Server == kind {
				total[f.Name] += f.Value
			}
		}
		if total["deliveries"] > 0 {
			fmt.Fprintf(&b, "\n%s: %.0f deliveries checked, %.0f lost, %.0f doubled, %.0f out of order.\n", kind, total["deliveries"], total["lost"], total["doubled"], total["out of order"])
		}
	}
	for _, fault := range r.Faults {
		fmt.Fprintf(&b, "\nFAULT: %s\n", fault)
	}
	return b.String()
}

func withUnit(v *float64, unit string) string {
	if v == nil {
		return ""
	}
	switch unit {
	case "", "%", "/s":
		return short(*v) + unit
	}
	return short(*v) + " " + unit
}

// short writes a number with three digits that matter.
func short(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 1:
		return fmt.Sprintf("%.3f", v)
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

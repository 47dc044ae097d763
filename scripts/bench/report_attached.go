//go:build linux

package main

import (
	"fmt"
	"strings"
)

// ofTheApp ends the name of a figure that is the app's part of another one.
const ofTheApp = ", of the app"

// attachedLine is a figure of both, and how many times better it is to be behind the gateway; or, of a latency, at most how many
// milliseconds more it may be.
type attachedLine struct {
	load, name, unit string
	moreIsBetter     bool
	least            float64
	mostLater        float64
}

var attachedLines = []attachedLine{
	{load: loadConnect, name: "CPU per connect", unit: "us", least: 2.5},
	{load: loadPolling, name: "CPU per connect", unit: "us", least: 5},
	{load: loadConnect, name: "CPU per join", unit: "us"},
	{load: loadIdle, name: "RSS", unit: "MiB", least: 1.5},
	{load: loadIdle, name: "RSS per joined connection", unit: "KiB"},
	{load: loadFanout, name: "deliveries per CPU second", unit: "/s", moreIsBetter: true, least: 8},
	{load: loadFanout, name: "deliveries per second", unit: "/s", moreIsBetter: true},
	{load: loadEcho, name: "p50", unit: "ms", mostLater: 1},
	{load: loadEcho, name: "p99", unit: "ms"},
}

// verdict tells how a line came out: the comparison, the target, and whether it is met.
func (l attachedLine) verdict(r *report) (comparison, target, met string) {
	if l.mostLater > 0 {
		behind, _ := r.value(attached, l.load, l.name)
		alone, _ := r.value(plain, l.load, l.name)
		return fmt.Sprintf("%+.2f ms", behind-alone), fmt.Sprintf("at most %g ms more", l.mostLater), metOrNot(behind-alone <= l.mostLater)
	}
	better, worse := plain, attached
	if l.moreIsBetter {
		better, worse = worse, better
	}
	ratio, ok := r.ratio(better, worse, l.load, l.name)
	if !ok {
		return "", "", ""
	}
	if l.least == 0 {
		return ratio.String(), "", ""
	}
	return ratio.String(), fmt.Sprintf("%gx", l.least), metOrNot(ratio.Median >= l.least)
}

// attachedTable returns the results in Markdown.
func (r *report) attachedTable() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v. Medians of %d rounds.\n\n", r.Machine, r.Rounds)
	b.WriteString("| load | figure | gateway and app | of it the app | plain socket.io | times better | target | |\n|---|---|--:|--:|--:|--:|---|---|\n")
	shown := ""
	for _, l := range attachedLines {
		figure := func(kind, part string) string {
			v, ok := r.value(kind, l.load, l.name+part)
			if !ok {
				return ""
			}
			return withUnit(&v, l.unit)
		}
		load := map[string]string{loadConnect: "websocket"}[l.load]
		if load == "" {
			load = l.load
		}
		if load == shown {
			load = ""
		} else {
			shown = load
		}
		comparison, target, met := l.verdict(r)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", load, l.name,
			figure(attached, ""), figure(attached, ofTheApp), figure(plain, ""), comparison, target, met)
	}
	if least, ok := r.value(floor, loadPolling, "CPU per connect"); ok {
		fmt.Fprintf(&b, "\nOf connecting by polling first, the system calls alone, by a program that does nothing else, cost %s.\n", withUnit(&least, "us"))
	}
	r.writeChecks(&b)
	return b.String()
}

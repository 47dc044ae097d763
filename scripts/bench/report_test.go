//go:build linux

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRoundsAreReportedAsMediansWithTheRangeOfTheirRatios(t *testing.T) {
	t.Parallel()
	r := report{Rounds: 3}
	for i, round := range []struct{ gateway, node, bareGateway, bareWrite float64 }{
		{3000, 100, 20, 10}, {1000, 125, 14, 10}, {2000, 160, 11, 10},
	} {
		r.round = i + 1
		r.add(gateway, loadDurable, "messages per second", round.gateway)
		r.add(yardstick, loadDurable, "messages per second", round.node)
		r.add(gateway, loadLight, "CPU per delivery", round.bareGateway)
		r.add(bare, loadLight, "CPU per delivery", round.bareWrite)
	}
	dir := t.TempDir()
	if err := r.write(dir, io.Discard); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(dir, "results.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| durable | messages per second | 2,000/s | 125/s | 12.5 (8.00 to 30.0) | 10x | met |",
		"| light | CPU per delivery | 14.0 us |  |  | 1.5x write(2) | met |",
		"makes the gateway's delivery 1.40 (1.10 to 2.00) of them",
		"medians of 3 rounds",
	} {
		if !strings.Contains(string(written), want) {
			t.Errorf("the table has no %q:\n%s", want, written)
		}
	}
}

func TestARoundThatOneServerMissedIsInNoRatio(t *testing.T) {
	t.Parallel()
	r := report{Rounds: 2, round: 1}
	r.add(gateway, loadConnect, "CPU per connect", 10)
	r.round = 2
	r.add(gateway, loadConnect, "CPU per connect", 20)
	r.add(yardstick, loadConnect, "CPU per connect", 100)
	if got, ok := r.ratio(yardstick, gateway, loadConnect, "CPU per connect"); !ok || got != (spread{5, 5, 5}) {
		t.Errorf("%+v, %v", got, ok)
	}
}

func TestWhatIsWrongWithALoadFailsTheRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*crowd{
		"lost":         {tally: tally{lost: 1}},
		"doubled":      {tally: tally{doubled: 1}},
		"out of order": {tally: tally{outOfOrder: 1}},
		"elsewhere":    {tally: tally{elsewhere: 1}},
		"error":        {errors: 1},
		"hung up":      {failed: 1, failure: errors.New("the server hung up")},
	} {
		r := report{round: 1}
		r.addTally(gateway, loadFanout, c)
		if err := r.write(t.TempDir(), io.Discard); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestPercentilesAreOfAllDeliveries(t *testing.T) {
	t.Parallel()
	var l latencies
	for i := range 1000 {
		l = append(l, int64(999-i)*int64(time.Millisecond))
	}
	p := l.percentiles(0.5, 0.99, 0.999, 1)
	for i, want := range []time.Duration{500, 990, 999, 999} {
		if p[i] != want*time.Millisecond {
			t.Errorf("percentile %d: %v, want %d ms", i, p[i], want)
		}
	}
}

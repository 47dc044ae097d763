//go:build linux

package main

import (
	"math"
	"strings"
	"testing"
)

func TestBenchmarksAreReadWithAllTheirUnits(t *testing.T) {
	t.Parallel()
	found := make(benchmarks)
	found.read([]byte("goos: linux\nBenchmarkHearJoin/follows=true-2   2000   4195 ns/op   952 B/op\nBenchmarkSimulation/nodes=5 1 3.50 commands/s/node 1.30 commands/join\nPASS\n"))
	for name, want := range map[string]float64{
		"HearJoin/follows=true ns/op": 4195, "HearJoin/follows=true B/op": 952, "Simulation/nodes=5 commands/s/node": 3.5, "Simulation/nodes=5 commands/join": 1.3,
	} {
		if found[name] != want {
			t.Errorf("%s is %v, want %v", name, found[name], want)
		}
	}
	if _, err := found.costs(&report{}); err == nil || !strings.Contains(err.Error(), `"Heard/nobody ns/op"`) {
		t.Errorf("what was not measured is not missed: %v", err)
	}
}

// unit is costs of which one matters at a time.
func unit(change func(*costs)) costs {
	c := costs{Turns: map[int]float64{1: 1000, 10: 1000, 50: 500}}
	change(&c)
	return c
}

func TestWhatEndsFirstIsWhatIsUsedMost(t *testing.T) {
	t.Parallel()
	perMessage := 1 / (2 * membersEach / sayEvery) // of two gateways: a whole core
	for want, c := range map[string]costs{
		"a gateway's core": unit(func(c *costs) { c.Message, c.Row = 4*perMessage, perMessage }),
		"Redis' core":      unit(func(c *costs) { c.RedisMessage, c.Row = 2*perMessage, perMessage }),
		"the clock's lock": unit(func(c *costs) { c.Row, c.Message = 2*perMessage, perMessage }),
	} {
		if r := c.reckon(2); r.First != want || math.Abs(r.Most-membersEach) > 1 {
			t.Errorf("%s ends first, at %.0f members; want %s at %d", r.First, r.Most, want, membersEach)
		}
	}
}

func TestOneGatewayHearsNoOthersAndManyHearAll(t *testing.T) {
	t.Parallel()
	c := unit(func(c *costs) { c.Passed, c.Heard, c.RedisCopy, c.CopyBytes, c.Merged = 1e-6, 1e-6, 1e-6, 100, 1 })
	if r := c.reckon(1); r.Others != 0 || r.Memory != membersEach || r.Wait != 1e-3 {
		t.Errorf("one: %+v", r)
	}
	messages := 50 * membersEach / sayEvery
	if r := c.reckon(50); math.Abs(r.Others-messages*49/50*1e-6) > 1e-9 || math.Abs(r.Bytes-messages*5000) > 1 || r.Wait != 0.1 {
		t.Errorf("fifty: %+v", r)
	}
	if got := c.turns(30); got != 750 {
		t.Errorf("%v turns between 10 and 50 gateways, want 750", got)
	}
}

//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// parts are the Go benchmarks of what a cluster is made of. Those of gateway/internal/cluster simulate up to fifty nodes on a Redis in memory,
// with fake time, delay and loss.
var parts = []struct{ of, pattern, times string }{
	{"./gateway/internal/cluster", "Merged", "1x"},
	{"./gateway/internal/cluster", "HearJoin|RedisPresence", "2000x"},
	{"./gateway/internal/order", "Heard", "50000x"},
	{"./gateway/internal/store", "Handovers", "1x"},
	{"./pkg/redisadapter", "Foreign|Subscribers", "3x"},
}

// simulatedNodes is the test that prints what the simulated nodes ask of Redis.
const simulatedNodes = "TestARestingClusterCostsByNodesAndAJoinTwoCommands"

// simulation measures what the parts cost, reckons what clusters of them cost, and writes that.
func (b *bench) simulation() error {
	b.report.Rounds, b.report.round = 1, 1
	err := errors.Join(b.clusterFanout(alone), b.clusterDurable(clusterOf1))
	if err != nil {
		return err
	}
	found := make(benchmarks)
	if err := found.test(b, "./gateway/internal/cluster", "-run", "^"+simulatedNodes+"$", "-v"); err != nil {
		return err
	}
	for _, p := range parts {
		if err := found.test(b, p.of, "-run", "^$", "-bench", p.pattern, "-benchtime", p.times); err != nil {
			return err
		}
	}
	costs, err := found.costs(&b.report)
	if err != nil {
		return err
	}
	var clusters []reckoning
	for _, nodes := range clusterSizes {
		clusters = append(clusters, costs.reckon(nodes))
	}
	encoded, err := json.MarshalIndent(map[string]any{
		"machine": b.report.Machine, "benchmarks": found, "costs": costs, "clusters": clusters, "faults": b.report.Faults,
	}, "", "\t")
	if err != nil {
		return fmt.Errorf("encode the simulation: %w", err)
	}
	table := fmt.Sprintf("%v.\n\n%s", b.report.Machine, costs.table(clusters))
	fmt.Print(table)
	err = errors.Join(
		os.WriteFile(filepath.Join(b.options.out, "simulation.json"), append(encoded, '\n'), 0o644),
		os.WriteFile(filepath.Join(b.options.out, "simulation.md"), []byte(table), 0o644),
	)
	if err == nil && len(b.report.Faults) > 0 {
		err = fmt.Errorf("%d faults: %s", len(b.report.Faults), strings.Join(b.report.Faults, "; "))
	}
	return err
}

// benchmarks are values by the name of a benchmark, a space, and the unit.
type benchmarks map[string]float64

// test runs one of Go's tests and reads the lines of benchmarks that it prints.
func (f benchmarks) test(b *bench, of string, args ...string) error {
	say("simulate", "%s %s", of, strings.Join(args, " "))
	test := exec.CommandContext(b.ctx, "go", append([]string{"test", "-count", "1", of}, args...)...)
	test.Env = append(os.Environ(), "TEST_DATABASE_URL="+b.database.url)
	said, err := test.CombinedOutput()
	if err != nil {
		return fmt.Errorf("go test %s: %w: %s", of, err, said[max(0, len(said)-2000):])
	}
	f.read(said)
	return nil
}

func (f benchmarks) read(said []byte) {
	for lines := bufio.NewScanner(bytes.NewReader(said)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(fields[0], "Benchmark")
		if at := strings.LastIndexByte(name, '-'); at > 0 && !strings.ContainsAny(name[at:], "/=") { // GOMAXPROCS
			name = name[:at]
		}
		for i := 2; i+1 < len(fields); i += 2 {
			if value, err := strconv.ParseFloat(fields[i], 64); err == nil {
				f[name+" "+fields[i+1]] = value
			}
		}
	}
}

// costs takes what the reckoning needs. A value that is missing is an error.
func (f benchmarks) costs(r *report) (c costs, err error) {
	of := func(name string, scale float64) float64 {
		value, ok := f[name]
		if !ok {
			err = errors.Join(err, fmt.Errorf("no benchmark has said %q", name))
		}
		return value * scale
	}
	figure := func(setup setup, load, name string) float64 {
		value, ok := r.value(setup.name, load, name)
		if !ok {
			err = errors.Join(err, fmt.Errorf("no figure %q of %s", name, load))
		}
		return value
	}
	const ns, us = 1e-9, 1e-6
	c.Delivery = figure(alone, loadFanout, serversEach) * us
	c.Message = figure(clusterOf1, loadDurable, serversEach)*us - maxSenders*c.Delivery
	c.Row = figure(clusterOf1, loadDurable, postgresEach) * us
	turn := of("Heard/nobody ns/op", ns)
	c.Passed = of("Foreign/nobody cpu-ns/message", ns) + turn
	c.Heard = of("Foreign/here cpu-ns/message", ns) + turn
	c.JoinPassed, c.JoinHeard = of("HearJoin/follows=false ns/op", ns), of("HearJoin/follows=true ns/op", ns)
	c.Merged = of("Merged B/member", 1)
	one, sixteen := of("Subscribers/1 redis-ns/message", ns), of("Subscribers/16 redis-ns/message", ns)
	c.RedisCopy = (sixteen - one) / 15
	c.RedisMessage = one - c.RedisCopy
	c.CopyBytes = of("Subscribers/16 B/message", 1)
	c.RedisJoin = of("RedisPresence/join/at-once=1 redis-ns/join", ns)
	c.RedisRenewal = of("RedisPresence/renew/nodes=50 redis-ns/renewal", ns) / 50
	c.Resting, c.PerJoin, c.Turns = make(map[int]float64), make(map[int]float64), make(map[int]float64)
	for _, nodes := range clusterSizes {
		c.Resting[nodes] = of(fmt.Sprintf("Simulation/nodes=%d commands/s/node", nodes), 1)
		c.PerJoin[nodes] = of(fmt.Sprintf("Simulation/nodes=%d commands/join", nodes), 1)
	}
	for _, gateways := range []int{1, 10, 50} {
		c.Turns[gateways] = of(fmt.Sprintf("Handovers/gateways=%d turns/s", gateways), 1)
	}
	return c, err
}

//go:build linux

package main

import (
	"fmt"
	"strings"
)

// Figures of a spell. Each is per delivery or per message, as its load has it.
const (
	perSecond    = "per second"
	perCPU       = "per CPU second of servers and Redis"
	serversEach  = "CPU of the servers"
	redisEach    = "CPU of Redis"
	postgresEach = "CPU of Postgres"
	serversBusy  = "servers' core busy"
	otherBusy    = "other core busy"
)

// aim is a target of a setup, beside another one: how much of the other's figure its own is, at least or at most.
type aim struct {
	load, name    string
	setup, beside setup
	least, most   float64 // one of both is 0
}

var aims = []aim{
	{load: loadFanout, name: serversEach, setup: clusterOf1, beside: alone, most: 1.1},
	{load: loadFanout, name: perCPU, setup: clusterOf2, beside: nodeServers, least: 10},
	{load: loadDurable, name: serversEach, setup: clusterOf1, beside: alone, most: 1.1},
	{load: loadDurable, name: perSecond, setup: clusterOf2, beside: alone, least: 0.6},
	{load: loadDurable, name: perSecond, setup: clusterOf4, beside: alone, least: 0.6},
}

// verdict tells what came of an aim; empty if it was not measured.
func (a aim) verdict(r *report) string {
	ratio, ok := r.ratio(a.setup.name, a.beside.name, a.load, a.name)
	if !ok {
		return ""
	}
	target, met := fmt.Sprintf("at least %gx", a.least), ratio.Median >= a.least
	if a.most > 0 {
		target, met = fmt.Sprintf("at most %gx", a.most), ratio.Median <= a.most
	}
	return fmt.Sprintf("%s: %v times that of %s, %s: %s", a.name, ratio, a.beside.name, target, metOrNot(met))
}

// clusterTable returns the results in Markdown.
func (r *report) clusterTable() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v. Medians of %d rounds, of the Node servers one.\n\n", r.Machine, r.Rounds)
	b.WriteString("| load | servers | a second | CPU each: servers, Redis, Postgres, us | each per CPU second of servers and Redis | core of the servers, the other | |\n|---|---|--:|--:|--:|--:|---|\n")
	for _, load := range []string{loadFanout, loadDurable} {
		shown := map[string]string{loadFanout: "fanout, deliveries", loadDurable: "durable, messages"}[load]
		for _, s := range []setup{alone, clusterOf1, clusterOf2, clusterOf4, nodeServers} {
			figure := func(name string) string { v, _ := r.value(s.name, load, name); return short(v) }
			if _, ok := r.value(s.name, load, perSecond); !ok {
				continue
			}
			var verdicts []string
			for _, a := range aims {
				if v := a.verdict(r); v != "" && a.setup == s && a.load == load {
					verdicts = append(verdicts, v)
				}
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s, %s, %s | %s | %s%%, %s%% | %s |\n", shown, s.name, figure(perSecond),
				figure(serversEach), figure(redisEach), figure(postgresEach), figure(perCPU), figure(serversBusy), figure(otherBusy), strings.Join(verdicts, "; "))
			shown = ""
		}
	}
	r.writeChecks(&b)
	return b.String()
}

//go:build linux

package main

import (
	"bufio"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// metrics returns what the gateway says of itself, by name and labels.
func (s *server) metrics() (map[string]float64, error) {
	reply, err := (&http.Client{Timeout: 10 * time.Second}).Get("http://" + s.admin + "/metrics")
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	defer reply.Body.Close()
	values := make(map[string]float64)
	lines := bufio.NewScanner(reply.Body)
	for lines.Scan() {
		at := strings.LastIndexByte(lines.Text(), ' ')
		if value, err := strconv.ParseFloat(lines.Text()[at+1:], 64); err == nil && at > 0 {
			values[lines.Text()[:at]] = value
		}
	}
	return values, lines.Err()
}

// risen returns by how much all metrics together rose whose names begin so.
func risen(before, after map[string]float64, prefix string) (rise float64) {
	for name, value := range after {
		if strings.HasPrefix(name, prefix) {
			rise += value - before[name]
		}
	}
	return rise
}

// refusals are the metrics by which the gateway tells whom it refused, cut off or held up, and gauges tells who it has.
var (
	refusals = []string{"socketgate_handshakes_refused_total{", "socketgate_authentication_refused_total{", "socketgate_connections_closed_total{",
		"socketgate_limited_total{", "socketgate_lookups_refused_total{", "socketgate_member_lists_delayed_total{"}
	gauges = []string{"socketgate_arrivals", "socketgate_pending", "socketgate_connections"}
)

// leastRise is by how much a metric must rise to prove an attack. Honest clients are counted in gauges, too.
func leastRise(name string) float64 {
	if slices.Contains(gauges, name) {
		return 10 * honestAtOnce
	}
	return 1
}

// honestAtOnce is how many honest clients are connected at a time, at most, unless something is wrong.
const honestAtOnce = 20

// signs tells in the gateway's own words what an attack came to.
func signs(before, after map[string]float64) (told []string) {
	for _, name := range gauges {
		if n := after[name]; n > honestAtOnce {
			told = append(told, fmt.Sprintf("holds %s %s", short(n), strings.TrimPrefix(name, "socketgate_")))
		}
	}
	rise := make(map[string]float64)
	for _, prefix := range refusals {
		for name := range after {
			label, ok := strings.CutPrefix(name, prefix)
			if !ok || label == `reason="transport close"}` {
				continue
			}
			kind := strings.NewReplacer("socketgate_", "", "_total{", "", "_", " ").Replace(prefix)
			if n := after[name] - before[name]; n > 0 {
				rise[kind+": "+strings.NewReplacer(`reason=`, "", `cause=`, "", `limit=`, "", `,of=`, " of a ", `query=`, "", `"`, "", "}", "").Replace(label)] = n
			}
		}
	}
	byRise := func(a, b string) int { return int(rise[b] - rise[a]) }
	for _, what := range slices.SortedFunc(maps.Keys(rise), byRise)[:min(3, len(rise))] {
		told = append(told, fmt.Sprintf("%s %s", what, short(rise[what])))
	}
	return told
}

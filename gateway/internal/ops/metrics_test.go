package ops

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestDocumentsNameEveryMetric(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/OPERATE.md")
	if err != nil {
		t.Fatal(err)
	}
	m := NewMetrics()
	m.Explain(nil)
	m.Watch(Gauges{Cluster: func() Cluster { return Cluster{} }})
	m.WatchOrder(OrderGauges{})
	m.WatchApp(AppGauges{})
	descriptions := make(chan *prometheus.Desc, 1000)
	m.registry.Describe(descriptions)
	close(descriptions)
	ours := regexp.MustCompile(`fqName: "(socketgate_\w+)".*variableLabels: \{([\w,]*)\}`)
	found := 0
	for d := range descriptions {
		parts := ours.FindStringSubmatch(d.String())
		if parts == nil { // of the process and of Go
			continue
		}
		found++
		name := "`" + parts[1]
		if parts[2] != "" {
			name += "{" + parts[2] + "}"
		}
		if !strings.Contains(string(page), name+"`") {
			t.Errorf("OPERATE.md lacks %s`", name)
		}
	}
	if found < 10 {
		t.Errorf("only %d metrics were found", found)
	}
}

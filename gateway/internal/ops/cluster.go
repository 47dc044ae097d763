package ops

import "github.com/prometheus/client_golang/prometheus"

// Cluster is how this gateway is one with others, when metrics are scraped.
type Cluster struct {
	Gateways  int    // that are there, this one too
	Unready   string // the part that is not ready: redis, presence or order; empty is none
	Stale     bool   // member lists may not have what changes elsewhere
	Lingering int    // members who are listed though their clients were closed by a drain

	// Totals since the start.
	Drifted, Missed, Rewrites, Expired, Garbled, LostActs uint64
}

// clusterParts are those of which Cluster.Unready may name one.
var clusterParts = []string{"redis", "presence", "order"}

// clusterMetrics shows a Cluster; nil is a gateway that is alone, and shows nothing.
type clusterMetrics struct {
	read func() Cluster

	gateways, unready, stale, lingering                     *prometheus.Desc
	drifted, missed, rewrites, expired, garbled, lostOfActs *prometheus.Desc
}

func newClusterMetrics(read func() Cluster) *clusterMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &clusterMetrics{
		read:       read,
		gateways:   desc("socketgate_gateways", "Gateways on the same Redis, this one too."),
		unready:    desc("socketgate_cluster_unready", "1 for the part that keeps this gateway from being ready.", "part"),
		stale:      desc("socketgate_presence_stale", "1 while member lists may not have what changes at other gateways."),
		lingering:  desc("socketgate_presence_lingering", "Members who are listed while they may come back at another gateway."),
		drifted:    desc("socketgate_presence_drifted_total", "Rooms whose members were not as the digest of another gateway says, and were mended."),
		missed:     desc("socketgate_presence_missed_total", "Gaps in what another gateway told."),
		rewrites:   desc("socketgate_presence_rewrites_total", "Times that all members here were written again, since Redis had lost something."),
		expired:    desc("socketgate_gateways_expired_total", "Other gateways whose lease ended: killed, stopped or cut off."),
		garbled:    desc("socketgate_cluster_garbled_total", "Messages of other gateways that could not be read: another REDIS_KEY, or somebody else."),
		lostOfActs: desc("socketgate_cluster_acts_lost_total", "Logins that ended of which other gateways could not be told."),
	}
}

// Describe is of prometheus.Collector, as Collect is.
func (c *clusterMetrics) Describe(descs chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(c, descs)
}

func (c *clusterMetrics) Collect(metrics chan<- prometheus.Metric) {
	s := c.read()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	gauge(c.gateways, float64(s.Gateways))
	gauge(c.stale, oneIf(s.Stale))
	gauge(c.lingering, float64(s.Lingering))
	for _, part := range clusterParts {
		gauge(c.unready, oneIf(s.Unready == part), part)
	}
	for d, total := range map[*prometheus.Desc]uint64{
		c.drifted: s.Drifted, c.missed: s.Missed, c.rewrites: s.Rewrites, c.expired: s.Expired, c.garbled: s.Garbled, c.lostOfActs: s.LostActs,
	} {
		metrics <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(total))
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

package ops

import (
	"github.com/prometheus/client_golang/prometheus"
)

// attached counts what passes between the gateway and the app's own server.
type attached struct {
	bytes      *prometheus.CounterVec
	from, to   prometheus.Counter // of these
	overflow   *prometheus.CounterVec
	refused    *prometheus.CounterVec
	ended      *prometheus.CounterVec
	recoveries *prometheus.CounterVec
	busDropped prometheus.Counter
}

func newAttached() attached {
	a := attached{
		bytes:      counters("socketgate_app_bytes_total", "Bytes of the links to the app, by direction.", "direction"),
		overflow:   counters("socketgate_app_overflow_total", "Clients that were closed since what they said could not be held for the app, by bound.", "bound"),
		refused:    counters("socketgate_app_refused_total", "Processes that were not let in at ATTACH_ADDR, by reason.", "reason"),
		ended:      counters("socketgate_app_links_ended_total", "Links to the app that ended, by reason.", "reason"),
		recoveries: counters("socketgate_app_recoveries_total", "Sockets that clients came back for, by what has become of them.", "result"),
		busDropped: counter("socketgate_app_bus_dropped_total", "Messages among processes of the app that one of them had no room for."),
	}
	a.from, a.to = a.bytes.WithLabelValues("from"), a.bytes.WithLabelValues("to")
	return a
}

func (a attached) all() []prometheus.Collector {
	return []prometheus.Collector{a.bytes, a.overflow, a.refused, a.ended, a.recoveries, a.busDropped}
}

// AppBytes counts bytes that came from the app, and went to it.
func (m *Metrics) AppBytes(from, to int) {
	m.attached.from.Add(float64(from))
	m.attached.to.Add(float64(to))
}

// AppOverflow counts a client that was closed since what it said could not be held.
func (m *Metrics) AppOverflow(bound string) { m.attached.overflow.WithLabelValues(bound).Inc() }

// AppRefused counts a process that was not let in.
func (m *Metrics) AppRefused(reason string) { m.attached.refused.WithLabelValues(reason).Inc() }

// AppLinkEnded counts the end of a link.
func (m *Metrics) AppLinkEnded(reason string) { m.attached.ended.WithLabelValues(reason).Inc() }

// AppBusDropped counts a message among processes of the app that did not arrive.
func (m *Metrics) AppBusDropped() { m.attached.busDropped.Inc() }

// AppRecovery counts a client that came back for a socket.
func (m *Metrics) AppRecovery(result string) { m.attached.recoveries.WithLabelValues(result).Inc() }

// AppGauges are read when metrics are scraped.
type AppGauges struct {
	Links   func() int // that take clients
	Waiting func() int // clients that wait for one
	Held    func() int // bytes
	Absent  func() int // sockets whose clients may come back for them
	Kept    func() int // bytes of events for these
}

func (g AppGauges) all() []prometheus.Collector {
	return []prometheus.Collector{
		gauge("socketgate_app_links", "Processes of the app that take clients.", g.Links),
		gauge("socketgate_app_clients_waiting", "Clients that wait for a process of the app.", g.Waiting),
		gauge("socketgate_app_held_bytes", "Bytes that clients have said and that wait for the app.", g.Held),
		gauge("socketgate_app_absent_sockets", "Sockets of the app whose clients may come back for them.", g.Absent),
		gauge("socketgate_app_kept_bytes", "Bytes of events that are kept for clients of the app that come back.", g.Kept),
	}
}

// WatchApp adds the gauges of what the app is attached by. It is called once, if at all.
func (m *Metrics) WatchApp(g AppGauges) { m.registry.MustRegister(g.all()...) }

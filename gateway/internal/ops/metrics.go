package ops

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// Metrics counts what happens in the gateway. It is the Observer of every package that has one;
// its labels have few values, none of them chosen by clients.
type Metrics struct {
	registry       *prometheus.Registry
	opened         prometheus.Counter
	closed         *prometheus.CounterVec
	refused        *prometheus.CounterVec
	oversized      prometheus.Counter
	authentication *prometheus.CounterVec
	events         *prometheus.CounterVec
	batchMessages  prometheus.Histogram
	batchSeconds   prometheus.Histogram
	unstored       *prometheus.CounterVec
}

// Gauges are read when metrics are scraped.
type Gauges struct {
	Connections func() int
	Rooms       func() int
	Neighbours  func() int
}

// NewMetrics makes metrics with a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		opened: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "socketgate_connections_opened_total", Help: "Connections that were accepted."}),
		closed:  counters("socketgate_connections_closed_total", "Connections that ended, by reason.", "reason"),
		refused: counters("socketgate_handshakes_refused_total", "Handshakes that were refused, by cause.", "cause"),
		oversized: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "socketgate_packets_oversized_total", Help: "Packets of clients that were longer than MAX_PAYLOAD."}),
		authentication: counters("socketgate_authentication_refused_total",
			"Clients without a valid token, by reason.", "reason"),
		events: counters("socketgate_events_total", "Events of clients, by name and outcome.", "event", "outcome"),
		batchMessages: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "socketgate_commit_messages", Help: "Messages that one commit stored.",
			Buckets: prometheus.ExponentialBuckets(1, 4, 7)}),
		batchSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "socketgate_commit_seconds", Help: "How long one commit took.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}),
		unstored: counters("socketgate_messages_unstored_total", "Messages that were not stored, by cause.", "cause"),
	}
	m.registry.MustRegister(m.opened, m.closed, m.refused, m.oversized, m.authentication, m.events,
		m.batchMessages, m.batchSeconds, m.unstored,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// MetricsPath is where Handler answers.
const MetricsPath = "/metrics"

// Handler serves the metrics to Prometheus. They are for the operator's network only.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+MetricsPath, promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}

// DisconnectReason is one way in which a connection ends.
type DisconnectReason struct {
	Reason engineio.Reason
	// Returns tells whether an official client comes back by itself.
	Returns bool
	Meaning string
}

// Explain shows all reasons from the start: the counter of each at zero, and whether clients
// come back as a metric to join with. It is called once.
func (m *Metrics) Explain(reasons []DisconnectReason) {
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "socketgate_disconnect_reason", Help: "1 for each reason; returns tells whether clients come back by themselves."},
		[]string{"reason", "returns"})
	m.registry.MustRegister(info)
	for _, r := range reasons {
		m.closed.WithLabelValues(string(r.Reason))
		info.WithLabelValues(string(r.Reason), strconv.FormatBool(r.Returns)).Set(1)
	}
}

// Watch adds the gauges. It is called once.
func (m *Metrics) Watch(g Gauges) {
	m.registry.MustRegister(
		gauge("socketgate_connections", "Connections that are open.", g.Connections),
		gauge("socketgate_rooms", "Rooms that have members.", g.Rooms),
		gauge("socketgate_neighbours", "Other gateways on the same database, whose rooms are apart from ours.", g.Neighbours))
}

func gauge(name, help string, read func() int) prometheus.GaugeFunc {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help},
		func() float64 { return float64(read()) })
}

// SessionOpened counts a connection.
func (m *Metrics) SessionOpened() { m.opened.Inc() }

// SessionClosed counts the end of a connection.
func (m *Metrics) SessionClosed(reason engineio.Reason) {
	m.closed.WithLabelValues(string(reason)).Inc()
}

// HandshakeRefused counts a client that did not get a connection.
func (m *Metrics) HandshakeRefused(cause string) { m.refused.WithLabelValues(cause).Inc() }

// PacketTooLarge counts a client's packet that was longer than MAX_PAYLOAD.
func (m *Metrics) PacketTooLarge() { m.oversized.Inc() }

// AuthenticationRefused counts a client without a valid token.
func (m *Metrics) AuthenticationRefused(reason string) {
	m.authentication.WithLabelValues(reason).Inc()
}

// Event counts an event of a client.
func (m *Metrics) Event(name, outcome string) { m.events.WithLabelValues(name, outcome).Inc() }

// Committed counts a commit.
func (m *Metrics) Committed(messages int, took time.Duration) {
	m.batchMessages.Observe(float64(messages))
	m.batchSeconds.Observe(took.Seconds())
}

// Failed counts messages that were not stored.
func (m *Metrics) Failed(cause string, messages int) {
	m.unstored.WithLabelValues(cause).Add(float64(messages))
}

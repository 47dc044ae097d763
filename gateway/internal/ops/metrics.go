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
	namespaces     prometheus.Counter
	events         *prometheus.CounterVec
	batchMessages  prometheus.Histogram
	batchSeconds   prometheus.Histogram
	unstored       *prometheus.CounterVec
	missedAskers   prometheus.Histogram
	missedSeconds  prometheus.Histogram
	missedMessages prometheus.Counter
	missedRefused  *prometheus.CounterVec
	forgotten      prometheus.Counter
	rechecks       *prometheus.CounterVec
	auditLost      prometheus.Counter
	lookups        *prometheus.CounterVec
	limited        *prometheus.CounterVec
	listBytes      prometheus.Counter
	histories      *prometheus.CounterVec
	listsDelayed   *prometheus.CounterVec
	recoveries     recoveries
	wire           wire
	orders         orders
	api            apiRequests
	attached       attached
}

// Gauges are read when metrics are scraped.
type Gauges struct {
	Connections func() int
	Rooms       func() int
	Neighbours  func() int
	Pending     func() int
	Arrivals    func() int
	Recovery    RecoveryGauges
	Cluster     func() Cluster // nil where the gateway is alone
}

// NewMetrics makes metrics with a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry:  prometheus.NewRegistry(),
		opened:    counter("socketgate_connections_opened_total", "Connections that were accepted."),
		closed:    counters("socketgate_connections_closed_total", "Connections that ended, by reason.", "reason"),
		refused:   counters("socketgate_handshakes_refused_total", "Handshakes that were refused, by cause.", "cause"),
		oversized: counter("socketgate_packets_oversized_total", "Packets of clients that were longer than MAX_PAYLOAD."),
		authentication: counters("socketgate_authentication_refused_total",
			"Clients without a valid token, by reason.", "reason"),
		namespaces:     counter("socketgate_namespaces_refused_total", "Clients that asked for a namespace that there is not."),
		events:         counters("socketgate_events_total", "Events of clients, by name and outcome.", "event", "outcome"),
		batchMessages:  histogram("socketgate_commit_messages", "Messages that one commit stored.", prometheus.ExponentialBuckets(1, 4, 7)),
		batchSeconds:   histogram("socketgate_commit_seconds", "How long one commit took.", prometheus.ExponentialBuckets(0.0005, 2, 14)),
		forgotten:      counter("socketgate_resends_forgotten_total", "Messages whose resends are not recognised any more, since too many came after them."),
		unstored:       counters("socketgate_messages_unstored_total", "Messages that were not stored, by cause.", "cause"),
		missedAskers:   histogram("socketgate_missed_askers", "Clients whose missed messages one reading of the message table was for.", prometheus.ExponentialBuckets(1, 4, 8)),
		missedSeconds:  histogram("socketgate_missed_seconds", "How long one reading of missed messages took.", prometheus.ExponentialBuckets(0.0005, 2, 14)),
		missedMessages: counter("socketgate_missed_messages_total", "Missed messages that were read from the message table."),
		missedRefused:  counters("socketgate_missed_refused_total", "Clients whose missed messages were not read from the message table, by cause.", "cause"),
		rechecks:       counters("socketgate_rechecks_total", "Rights of connected clients that were asked again, by what they are to and by outcome.", "of", "outcome"),
		auditLost:      counter("socketgate_audit_lost_total", "Records that AUDIT_LOG could not keep."),
		lookups: counters("socketgate_lookups_refused_total", "Look-ups that the database was not asked for, by query and reason.",
			"query", "reason"),
		limited:      counters("socketgate_limited_total", "Events that were refused as too much, by limit and whose it is.", "limit", "of"),
		histories:    counters("socketgate_history_total", "Latest messages of rooms for those who join, by outcome.", "outcome"),
		listBytes:    counter("socketgate_member_list_bytes_total", "Bytes of member lists, all copies counted."),
		listsDelayed: counters("socketgate_member_lists_delayed_total", "Member lists that had to wait for a budget, by whose.", "reason"),
		recoveries:   newRecoveries(),
		wire:         newWire(),
		orders:       newOrders(),
		api:          newAPIRequests(),
		attached:     newAttached(),
	}
	m.registry.MustRegister(m.opened, m.closed, m.refused, m.oversized, m.authentication, m.events,
		m.missedAskers, m.missedSeconds, m.missedMessages, m.missedRefused,
		m.batchMessages, m.batchSeconds, m.unstored, m.forgotten, m.rechecks, m.auditLost,
		m.lookups, m.limited, m.listBytes, m.histories, m.listsDelayed, m.namespaces,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(m.recoveries.all()...)
	m.registry.MustRegister(m.wire.all()...)
	m.registry.MustRegister(m.orders.all()...)
	m.registry.MustRegister(m.api.count, m.api.seconds)
	m.registry.MustRegister(m.attached.all()...)
	return m
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
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
		gauge("socketgate_pending", "Connections of clients that are not logged in yet.", g.Pending),
		gauge("socketgate_arrivals", "TCP connections that are no client's yet.", g.Arrivals),
		gauge("socketgate_rooms", "Rooms that have members.", g.Rooms),
		gauge("socketgate_neighbours", "Other gateways on the same database, whose rooms are apart from ours.", g.Neighbours))
	m.registry.MustRegister(g.Recovery.all()...)
	if g.Cluster != nil {
		m.registry.MustRegister(newClusterMetrics(g.Cluster))
	}
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

// NamespaceRefused counts a client that asked for a namespace that there is not.
func (m *Metrics) NamespaceRefused() { m.namespaces.Inc() }

// Rechecked counts rights that were asked again.
func (m *Metrics) Rechecked(of, outcome string, n int) {
	m.rechecks.WithLabelValues(of, outcome).Add(float64(n))
}

// AuditLost counts records that were not kept.
func (m *Metrics) AuditLost(n int) { m.auditLost.Add(float64(n)) }

// Event counts an event of a client.
func (m *Metrics) Event(name, outcome string) { m.events.WithLabelValues(name, outcome).Inc() }

// ResendsForgotten counts messages that a resend would store again.
func (m *Metrics) ResendsForgotten(messages int) { m.forgotten.Add(float64(messages)) }

// Committed counts a commit.
func (m *Metrics) Committed(messages int, took time.Duration) {
	m.batchMessages.Observe(float64(messages))
	m.batchSeconds.Observe(took.Seconds())
}

// MissedRead counts a reading of the message table for clients that were away.
func (m *Metrics) MissedRead(askers, messages int, took time.Duration) {
	m.missedAskers.Observe(float64(askers))
	m.missedMessages.Add(float64(messages))
	m.missedSeconds.Observe(took.Seconds())
}

// MissedRefused counts a client that is not told what it missed.
func (m *Metrics) MissedRefused(cause string) { m.missedRefused.WithLabelValues(cause).Inc() }

// Limited counts what was refused as too much.
func (m *Metrics) Limited(limit, of string) { m.limited.WithLabelValues(limit, of).Inc() }

// History counts the latest messages of a room that somebody who joins is told, or is not.
func (m *Metrics) History(outcome string) { m.histories.WithLabelValues(outcome).Inc() }

// ListTold counts the bytes of a member list, of all its copies.
func (m *Metrics) ListTold(bytes int) { m.listBytes.Add(float64(bytes)) }

// ListDelayed counts a member list that has to wait for a budget.
func (m *Metrics) ListDelayed(reason string) { m.listsDelayed.WithLabelValues(reason).Inc() }

// LookupRefused counts a look-up that the database was not asked for.
func (m *Metrics) LookupRefused(query, reason string) { m.lookups.WithLabelValues(query, reason).Inc() }

// Failed counts messages that were not stored.
func (m *Metrics) Failed(cause string, messages int) {
	m.unstored.WithLabelValues(cause).Add(float64(messages))
}

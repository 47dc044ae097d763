package ops

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// orders count how messages of all gateways come to be told in one order.
type orders struct {
	reads    *prometheus.CounterVec
	messages prometheus.Counter
	seconds  prometheus.Histogram
	dropped  *prometheus.CounterVec
	lost     prometheus.Counter
}

func newOrders() orders {
	return orders{
		reads:    counters("socketgate_order_reads_total", "Reads of the message table for what was not heard of other gateways, by reason and outcome.", "reason", "outcome"),
		messages: counter("socketgate_order_read_messages_total", "Messages that were told because the message table had them, and not because another gateway was heard."),
		seconds:  histogram("socketgate_order_read_seconds", "How long one such read took.", prometheus.ExponentialBuckets(0.0005, 2, 14)),
		dropped:  counters("socketgate_order_dropped_total", "Messages of the cluster that were not kept until their turn, by cause.", "cause"),
		lost:     counter("socketgate_order_lost_total", "Times that the database was found to be behind what it had committed."),
	}
}

func (o orders) all() []prometheus.Collector {
	return []prometheus.Collector{o.reads, o.messages, o.seconds, o.dropped, o.lost}
}

// OrderGauges are read when metrics are scraped.
type OrderGauges struct {
	Waiting func() int           // messages whose turn has not come
	Lag     func() time.Duration // since when messages have been missing that are known of
}

// WatchOrder adds the gauges of a gateway in a cluster. It is called once.
func (m *Metrics) WatchOrder(g OrderGauges) {
	m.registry.MustRegister(
		gauge("socketgate_order_waiting", "Messages of the cluster that wait for one before them.", g.Waiting),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "socketgate_order_lag_seconds", Help: "For how long messages of the cluster have been missing that are known of."},
			func() float64 { return g.Lag().Seconds() }))
}

// OrderRead counts a read of the message table.
func (m *Metrics) OrderRead(reason string, messages int, took time.Duration, err error) {
	outcome := "ok"
	if err != nil {
		outcome = "failed"
	}
	m.orders.reads.WithLabelValues(reason, outcome).Inc()
	m.orders.messages.Add(float64(messages))
	m.orders.seconds.Observe(took.Seconds())
}

// OrderDropped counts a message that was not kept until its turn.
func (m *Metrics) OrderDropped(cause string) { m.orders.dropped.WithLabelValues(cause).Inc() }

// OrderLost counts a database that is behind its own past.
func (m *Metrics) OrderLost() { m.orders.lost.Inc() }

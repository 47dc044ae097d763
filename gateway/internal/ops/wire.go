package ops

import "github.com/prometheus/client_golang/prometheus"

// wire counts what is said between servers over Redis.
type wire struct {
	lost    prometheus.Counter
	bundled prometheus.Counter
	dropped *prometheus.CounterVec

	emitterLost, emitterUnreadable prometheus.Counter

	emits       *prometheus.CounterVec
	emitsUnread prometheus.Counter
}

func newWire() wire {
	return wire{
		lost:              counter("socketgate_redis_lost_total", "Times that other gateways were not heard any more, since Redis was away."),
		bundled:           counter("socketgate_redis_bundled_total", "Stored messages that went to other gateways in bundles."),
		dropped:           counters("socketgate_redis_dropped_total", "Messages between servers that were not sent, or not told, by cause.", "cause"),
		emitterLost:       counter("socketgate_postgres_emitter_lost_total", "Times that the emitter in Postgres was not heard any more."),
		emitterUnreadable: counter("socketgate_postgres_emitter_unreadable_total", "Emits through Postgres that could not be read."),
		emits:             counters("socketgate_sql_emits_total", "Emits of the web app's transactions, by outcome.", "outcome"),
		emitsUnread:       counter("socketgate_sql_emits_unread_total", "Times that emits of the web app's transactions could not be read."),
	}
}

func (w wire) all() []prometheus.Collector {
	return []prometheus.Collector{w.lost, w.bundled, w.dropped, w.emitterLost, w.emitterUnreadable, w.emits, w.emitsUnread}
}

// RedisLost counts that the other gateways are not heard any more.
func (m *Metrics) RedisLost() { m.wire.lost.Inc() }

// RedisDropped counts messages between servers that went nowhere.
func (m *Metrics) RedisDropped(cause string, messages int) {
	m.wire.dropped.WithLabelValues(cause).Add(float64(messages))
}

// RedisBundled counts stored messages that went to other gateways in bundles.
func (m *Metrics) RedisBundled(messages int) { m.wire.bundled.Add(float64(messages)) }

// EmitterLost counts that the emitter in Postgres is not heard any more.
func (m *Metrics) EmitterLost() { m.wire.emitterLost.Inc() }

// EmitterUnreadable counts an emit through Postgres that could not be read.
func (m *Metrics) EmitterUnreadable() { m.wire.emitterUnreadable.Inc() }

// Emits counts emits of the web app's transactions.
func (m *Metrics) Emits(outcome string, n int) { m.wire.emits.WithLabelValues(outcome).Add(float64(n)) }

// EmitsUnread counts that they could not be read.
func (m *Metrics) EmitsUnread() { m.wire.emitsUnread.Inc() }

package ops

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// recoveries count what becomes of clients that come back.
type recoveries struct {
	recovered *prometheus.CounterVec
	anew      *prometheus.CounterVec
	replayed  prometheus.Counter
	written   prometheus.Counter
	unwritten *prometheus.CounterVec
	claimed   *prometheus.CounterVec
}

func newRecoveries() recoveries {
	return recoveries{
		recovered: counters("socketgate_recovered_total", "Clients that took up their session, by where what they missed was read.", "source"),
		anew:      counters("socketgate_not_recovered_total", "Clients that asked for their session and started anew, by reason.", "reason"),
		replayed:  counter("socketgate_replayed_total", "Messages that clients were told again."),
		written:   counter("socketgate_sessions_saved_total", "Sessions that were saved or deleted, for clients that come back after this process."),
		unwritten: counters("socketgate_sessions_unsaved_total", "Sessions that are not saved as they are, by cause.", "cause"),
		claimed:   counters("socketgate_sessions_claimed_total", "Saved sessions that were asked for, by outcome.", "outcome"),
	}
}

func (r recoveries) all() []prometheus.Collector {
	return []prometheus.Collector{r.recovered, r.anew, r.replayed, r.written, r.unwritten, r.claimed}
}

// RecoveryGauges are read when metrics are scraped.
type RecoveryGauges struct {
	Away      func() int           // sessions in memory of clients that are away
	Forgotten func() int           // of them before their time, in all
	Reach     func() time.Duration // of the messages in memory
	Replays   func() bool          // the message table can be read from a message on
}

func (g RecoveryGauges) all() []prometheus.Collector {
	return []prometheus.Collector{
		gauge("socketgate_sessions_away", "Sessions in memory of clients that are away.", g.Away),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "socketgate_sessions_forgotten_total", Help: "Of these, sessions that were forgotten early since there were too many."},
			func() float64 { return float64(g.Forgotten()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "socketgate_recovery_reach_seconds", Help: "How far back the messages in memory reach."},
			func() float64 { return g.Reach().Seconds() }),
		gauge("socketgate_replay_possible", "1 if the message table can be read from a message on.", func() int {
			if g.Replays() {
				return 1
			}
			return 0
		}),
	}
}

// Recovered counts a client that took up its session, and what it was told again.
func (m *Metrics) Recovered(source string, events int) {
	m.recoveries.recovered.WithLabelValues(source).Inc()
	m.recoveries.replayed.Add(float64(events))
}

// NotRecovered counts a client that asked for its session and starts anew.
func (m *Metrics) NotRecovered(reason string) { m.recoveries.anew.WithLabelValues(reason).Inc() }

// SessionsWritten counts sessions that were saved, or deleted.
func (m *Metrics) SessionsWritten(sessions int, _ time.Duration) {
	m.recoveries.written.Add(float64(sessions))
}

// SessionsUnwritten counts sessions that were not.
func (m *Metrics) SessionsUnwritten(cause string, sessions int) {
	m.recoveries.unwritten.WithLabelValues(cause).Add(float64(sessions))
}

// SessionsClaimed counts saved sessions that were asked for.
func (m *Metrics) SessionsClaimed(outcome string, claims int) {
	m.recoveries.claimed.WithLabelValues(outcome).Add(float64(claims))
}

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
	sweeps    prometheus.Counter
	swept     prometheus.Counter
	unswept   *prometheus.CounterVec
}

func newRecoveries() recoveries {
	return recoveries{
		recovered: counters("socketgate_recovered_total", "Clients that took up their session, by where what they missed was read.", "source"),
		anew:      counters("socketgate_not_recovered_total", "Clients that asked for their session and started anew, by reason.", "reason"),
		replayed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "socketgate_replayed_total", Help: "Messages that clients were told again."}),
		written: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "socketgate_sessions_saved_total", Help: "Sessions that were saved or deleted, for clients that come back after this process."}),
		unwritten: counters("socketgate_sessions_unsaved_total", "Sessions that are not saved as they are, by cause.", "cause"),
		claimed:   counters("socketgate_sessions_claimed_total", "Saved sessions that were asked for, by outcome.", "outcome"),
		sweeps: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "socketgate_sweeps_total", Help: "Times that the message table was read for clients that were away."}),
		swept: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "socketgate_sweep_messages_total", Help: "Messages that this found."}),
		unswept: counters("socketgate_unswept_total", "Clients for which the message table was not read, by cause.", "cause"),
	}
}

func (r recoveries) all() []prometheus.Collector {
	return []prometheus.Collector{r.recovered, r.anew, r.replayed, r.written, r.unwritten, r.claimed, r.sweeps, r.swept, r.unswept}
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

// MissedRead counts a reading of the message table for clients that were away.
func (m *Metrics) MissedRead(_, messages int, _ time.Duration) {
	m.recoveries.sweeps.Inc()
	m.recoveries.swept.Add(float64(messages))
}

// MissedRefused counts a client that is not told what it missed.
func (m *Metrics) MissedRefused(cause string) { m.recoveries.unswept.WithLabelValues(cause).Inc() }

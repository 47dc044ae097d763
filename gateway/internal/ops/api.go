package ops

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// apiRequests counts what the web app asks by API_ADDR.
type apiRequests struct {
	count   *prometheus.CounterVec
	seconds prometheus.Histogram
}

func newAPIRequests() apiRequests {
	return apiRequests{
		count:   counters("socketgate_api_requests_total", "Requests of the web app to API_ADDR, by path and outcome.", "path", "outcome"),
		seconds: histogram("socketgate_api_seconds", "How long one request to API_ADDR took.", prometheus.ExponentialBuckets(0.0005, 2, 14)),
	}
}

// APIRequest counts a request of the web app.
func (m *Metrics) APIRequest(path, outcome string, took time.Duration) {
	m.api.count.WithLabelValues(path, outcome).Inc()
	m.api.seconds.Observe(took.Seconds())
}

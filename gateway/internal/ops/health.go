package ops

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// Where a gateway answers probes, on its public port.
const (
	HealthzPath = "/healthz"
	ReadyzPath  = "/readyz"
)

// Healthy is what a gateway that runs says at HealthzPath. A line feed follows.
const Healthy = "ok"

// readyTimeout bounds a readiness check: probes give up after a second or more.
const readyTimeout = 2 * time.Second

// Health answers probes. Healthy means that the process runs; ready, that clients may be sent to it.
type Health struct {
	// Store reports whether messages can be stored. Nil means that everything is left to the app.
	Store func(context.Context) error
	// Neighbours returns how many other gateways are on the same database.
	Neighbours func() int
	// Cluster names the part of the cluster that is not ready: redis, presence or order. Empty is none; it may be nil.
	Cluster func() (part string)
	// App tells what is wrong with the app's own server, and whether clients may come all the same where everything is left to it. Empty
	// is nothing; it may be nil.
	App      func() (fault string, serves bool)
	draining atomic.Bool
}

// Drain makes the gateway not ready, for good.
func (h *Health) Drain() { h.draining.Store(true) }

// ServeHealthz says 200 for as long as the process answers: restarting it would not help more.
// It names the part of the cluster that is not ready.
func (h *Health) ServeHealthz(w http.ResponseWriter, r *http.Request) {
	if part := h.unready(); part != "" {
		say(w, http.StatusOK, Healthy+", but "+part+" unavailable")
		return
	}
	say(w, http.StatusOK, Healthy)
}

func (h *Health) unready() (part string) {
	if h.Cluster == nil {
		return ""
	}
	return h.Cluster()
}

// ServeReadyz says 200 when the store is reachable and the gateway does not shut down, and 503
// with the reason otherwise.
func (h *Health) ServeReadyz(w http.ResponseWriter, r *http.Request) {
	if h.draining.Load() {
		say(w, http.StatusServiceUnavailable, "shutting down")
		return
	}
	if h.Store == nil {
		h.sayApp(w)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := h.Store(ctx); err != nil {
		// The error may name hosts, which are not the public's business.
		say(w, http.StatusServiceUnavailable, "message store unavailable")
		return
	}
	if part := h.unready(); part != "" {
		say(w, http.StatusServiceUnavailable, part+" unavailable")
		return
	}
	if h.Neighbours != nil && h.Neighbours() > 0 { // it serves, and taking it away would not mend it
		say(w, http.StatusOK, "ready, but another gateway is on this database: rooms are split between them")
		return
	}
	if h.App != nil {
		if fault, _ := h.App(); fault != "" { // what the gateway handles itself needs no app
			say(w, http.StatusOK, "ready, but "+fault)
			return
		}
	}
	say(w, http.StatusOK, "ready")
}

// sayApp is ServeReadyz of a gateway that stores nothing.
func (h *Health) sayApp(w http.ResponseWriter) {
	switch fault, serves := h.App(); {
	case fault == "":
		say(w, http.StatusOK, "ready")
	case serves:
		say(w, http.StatusOK, "ready, but "+fault)
	default:
		say(w, http.StatusServiceUnavailable, fault)
	}
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write([]byte(text + "\n"))
}

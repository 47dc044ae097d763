package ops

import (
	"log/slog"
	"slices"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Hints is an Observer of the engine that counts in Metrics. It also logs which setting to change where a refusal comes from a
// wrong one, at most once a minute for each cause.
type Hints struct {
	*Metrics
	log *slog.Logger

	mu     lockorder.Mutex[Hints]
	said   map[string]time.Time // when the hint was logged last, by cause
	stayed []time.Time          // ends as "not upgraded" within the last minute, as far as they are left unsaid
}

// NewHints makes Hints that count in m.
func NewHints(m *Metrics, log *slog.Logger) *Hints {
	return &Hints{Metrics: m, log: log, said: make(map[string]time.Time)}
}

// orProxies is what a limit of an address may mean instead.
const orProxies = ": if these are many people behind a proxy, name it in TRUSTED_PROXIES (or say how many there are in a row), and have it send X-Forwarded-For"

var hintFor = map[string]string{
	engineio.CausePolling: `clients begin with HTTP long-polling, which POLLING=off refuses: ` +
		`set the client's option transports: ["websocket"]`,
	engineio.CauseForbidden: "a page of another site was refused by its Origin: list it in ALLOWED_ORIGINS if it is yours (scheme, host and port count; " +
		"only outside of NODE_ENV=production may pages on localhost have any port)",
	engineio.CauseVersion:       "a client of another protocol version was refused: socket.io-client 3 or later is needed, or ALLOW_EIO3=true",
	engineio.CauseMaximum:       "MAX_CONNECTIONS is reached: clients are refused until others leave",
	engineio.CauseMaximumByIP:   "MAX_CONNECTIONS_PER_IP is reached by one address" + orProxies,
	engineio.CauseMaximumByUser: "MAX_CONNECTIONS_PER_USER is reached by one user, who is told too_many_connections",
	engineio.CausePending:       "MAX_PENDING is reached: clients without a valid cookie are refused until others log in",
	engineio.CausePendingByIP:   "MAX_PENDING_PER_IP, or its share of MAX_PENDING, is reached by one address without a valid cookie" + orProxies,
	engineio.CauseArrivals:      "MAX_PENDING is reached by connections that send nothing, or no whole request",
	engineio.CauseArrivalsByIP: "MAX_PENDING_PER_IP, or its share of MAX_PENDING, is reached by one address with connections that send nothing, or " +
		"no whole request" + orProxies,
	engineio.CauseIdentity: "a request for a session came without the cookie of its user: either its sid was stolen, or a proxy or the client " +
		"leaves the cookie out (withCredentials)",
}

// HandshakeRefused counts a client that did not get a connection, and logs the hint if one is due.
func (h *Hints) HandshakeRefused(cause string) {
	h.Metrics.HandshakeRefused(cause)
	if hint := hintFor[cause]; hint != "" && h.due(cause) {
		h.log.Warn(hint)
	}
}

var hintForEnd = map[engineio.Reason]string{
	engineio.TooMuchPending: "a client sent more than 32 KiB in one packet before it was let in, or did not read its answers: only CONNECT may come before",
	engineio.GaveWay: "a client that had not logged in gave way to another one: MAX_PENDING_PER_IP, or its share of MAX_PENDING, is reached by one address " +
		"without a valid cookie" + orProxies,
	engineio.NotUpgraded: "clients stay with HTTP long-polling and are closed after 10 s, again and again: the proxy must pass the upgrade to a WebSocket " +
		"(rewrites in next.config: with skipTrailingSlashRedirect: true; better a proxy before Next.js), or POLLING=full lets them stay",
	engineio.QueueFull: "a client was closed since it reads slower than its messages come: SEND_QUEUE_BYTES is how much may wait for one",
	engineio.ForcedClose: "a client was closed for a packet out of order, such as an event before CONNECT or a second CONNECT: " +
		"official clients send none",
}

// unsaid is how many ends as "not upgraded" within a minute have no line: one client's network may be to blame.
const unsaid = 2

// SessionClosed counts the end of a connection, and logs the hint if one is due.
func (h *Hints) SessionClosed(reason engineio.Reason) {
	h.Metrics.SessionClosed(reason)
	if hint := hintForEnd[reason]; hint != "" && (reason != engineio.NotUpgraded || h.upgradesFail()) && h.due(string(reason)) {
		h.log.Warn(hint)
	}
}

// PacketTooLarge counts a client's packet that was longer than MAX_PAYLOAD, and logs the hint if one is due.
func (h *Hints) PacketTooLarge() {
	h.Metrics.PacketTooLarge()
	if h.due("too large") {
		h.log.Warn("a packet of a client was refused since it is longer than MAX_PAYLOAD (1009 to a WebSocket, 413 to long-polling)")
	}
}

// Emits counts emits of the web app's transactions, and logs the hint if one is due.
func (h *Hints) Emits(outcome string, n int) {
	h.Metrics.Emits(outcome, n)
	if outcome == "too_large" && n > 0 && h.due("emits "+outcome) {
		h.log.Warn("an event that the web app has emitted in a transaction was not told: it is larger than a quarter of SEND_QUEUE_BYTES")
	}
}

// upgradesFail tells whether another end as "not upgraded" is more than may be left unsaid.
func (h *Hints) upgradesFail() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	h.stayed = slices.DeleteFunc(h.stayed, func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	if len(h.stayed) == unsaid {
		return true
	}
	h.stayed = append(h.stayed, now)
	return false
}

func (h *Hints) due(cause string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if now.Sub(h.said[cause]) < time.Minute {
		return false
	}
	h.said[cause] = now
	return true
}

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

	mu   lockorder.Mutex[Hints]
	said map[string]time.Time   // when the hint was logged last, by cause
	seen map[string][]time.Time // causes of unsaid within the last minute, as far as they are left unsaid

	foreign []any // what OriginRefused was told last, for the log
}

// NewHints makes Hints that count in m.
func NewHints(m *Metrics, log *slog.Logger) *Hints {
	return &Hints{Metrics: m, log: log, said: make(map[string]time.Time), seen: make(map[string][]time.Time)}
}

// orProxies is what a limit of an address may mean instead.
const orProxies = ": if these are many people behind a proxy, name it in TRUSTED_PROXIES (or say how many there are in a row), and have it send X-Forwarded-For"

var hintFor = map[string]string{
	engineio.CausePolling: `clients begin with HTTP long-polling, which POLLING=off refuses: ` +
		`set the client's option transports: ["websocket"]`,
	engineio.CauseForbidden: "a page of another site was refused by its Origin: list it in ALLOWED_ORIGINS if it is yours (scheme, host and port count; " +
		"only outside of NODE_ENV=production may pages on localhost have any port)",
	engineio.CauseVersion: "a client of another protocol version was refused: socket.io-client 3 or later is needed, or ALLOW_EIO3=true",
	engineio.CauseJSONP: "a client of Socket.IO v2 asked for JSONP, which is served to nobody, since any page could read it: its option forceJSONP must go " +
		"(with ALLOW_EIO3=true it begins with long-polling then)",
	engineio.CauseMaximum:       "MAX_CONNECTIONS is reached: clients are refused until others leave",
	engineio.CauseMaximumByIP:   "MAX_CONNECTIONS_PER_IP is reached by one address" + orProxies,
	engineio.CauseMaximumByUser: "MAX_CONNECTIONS_PER_USER is reached by one user, who is told too_many_connections",
	engineio.CausePending:       "MAX_PENDING is reached: clients without a valid cookie are refused until others log in",
	engineio.CausePendingByIP:   "MAX_PENDING_PER_IP, or its share of MAX_PENDING, is reached by one address without a valid cookie" + orProxies,
	engineio.CauseArrivals:      "MAX_PENDING is reached by connections that send nothing, or no whole request",
	engineio.CauseArrivalsByIP: "MAX_PENDING_PER_IP, or its share of MAX_PENDING, is reached by one address with connections that send nothing, or " +
		"no whole request" + orProxies,
	engineio.CauseTransport: "a request names no transport of Socket.IO: clients must be those of socket.io-client, since a bare WebSocket speaks another language, and " +
		"load their script from the package or from elsewhere, since none is served here",
	engineio.CauseBadRequest: "a request was refused that is no whole handshake: a proxy must pass WebSockets on " +
		"(nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\")",
	engineio.CauseProtocol: "a connection began by TLS or the PROXY protocol, where HTTP is spoken: addresses of this port begin with http:// (TLS ends at the proxy before it), " +
		"and the proxy must not say PROXY",
	engineio.CauseSession: "clients ask for sessions that are not here, again and again: before several gateways the proxy must keep a client that polls at one of them " +
		"(ip_hash, sticky cookies), or the client begin with a WebSocket (transports: [\"websocket\"]); after a restart it is nothing",
	engineio.CauseIdentity: "a request for a session came without the cookie of its user: either its sid was stolen, or a proxy or the client " +
		"leaves the cookie out (withCredentials)",
}

// HandshakeRefused counts a client that did not get a connection, and logs the hint if one is due.
func (h *Hints) HandshakeRefused(cause string) {
	h.Metrics.HandshakeRefused(cause)
	if hint := hintFor[cause]; hint != "" && h.due(cause) {
		h.log.Warn(hint, h.details(cause)...)
	}
}

// OriginRefused is told what a request came from and for that will be refused as engineio.CauseForbidden.
func (h *Hints) OriginRefused(origin, host string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.foreign = []any{"origin", cut(origin), "host", cut(host)}
}

// details are those of the latest refusal of that cause.
func (h *Hints) details(cause string) []any {
	if cause != engineio.CauseForbidden {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.foreign
}

// cut bounds what a client has said.
func cut(text string) string { return text[:min(len(text), 100)] }

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

// unsaid is of how many within a minute nothing is said: one client's network may be to blame, or a machine that slept.
var unsaid = map[string]int{string(engineio.NotUpgraded): 2, engineio.CauseSession: 10}

// SessionClosed counts the end of a connection, and logs the hint if one is due.
func (h *Hints) SessionClosed(reason engineio.Reason) {
	h.Metrics.SessionClosed(reason)
	if hint := hintForEnd[reason]; hint != "" && h.due(string(reason)) {
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

// PathUnknown counts a request for a path where nothing is, by a client that means the sockets, and logs the hint if one is due.
func (h *Hints) PathUnknown(path string) {
	h.Metrics.HandshakeRefused(causePath)
	if h.due(causePath) {
		h.log.Warn("a Socket.IO client, or a bare WebSocket, asked for a path where nothing is: SOCKET_PATH must be the client's option path (io(url, {path})), "+
			"and the proxy must not change it", "path", cut(path))
	}
}

// causePath is beside those of engineio, which hears nothing of other paths.
const causePath = "unknown path"

func (h *Hints) due(cause string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if most := unsaid[cause]; most > 0 && !h.areMany(cause, most, now) {
		return false
	}
	if now.Sub(h.said[cause]) < time.Minute {
		return false
	}
	h.said[cause] = now
	return true
}

// areMany tells whether another one is more than may be left unsaid.
func (h *Hints) areMany(cause string, most int, now time.Time) bool {
	seen := slices.DeleteFunc(h.seen[cause], func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	many := len(seen) == most
	if !many {
		seen = append(seen, now)
	}
	h.seen[cause] = seen
	return many
}

package engineio

import (
	"net/http"
	"net/netip"
	"time"
)

// Options configure a Server. The zero value is the official server's defaults (engine.io 6.6).
type Options struct {
	// PingInterval is the time between a pong and the next ping. Zero means 25 s.
	PingInterval time.Duration
	// PingTimeout is how long a pong may take. Zero means 20 s.
	PingTimeout time.Duration
	// MaxPayload is the most bytes that a client's message may have. Longer ones close the
	// session with WebSocket code 1009. Zero means 1,000,000.
	MaxPayload int
	// SendQueueBytes is the most that may wait for one slow client; more ends its session with
	// QueueFull. It bounds memory: connections times this. Each packet counts as Packet.Len; a
	// single one above the limit reaches nobody. Zero means 1 MiB.
	SendQueueBytes int
	// CloseGrace is how long a closed session may take to receive what was queued for it and to
	// answer the close frame. Zero means 2 s.
	CloseGrace time.Duration

	// Polling says what clients get that begin with HTTP long-polling, as official clients do by
	// default. Zero means PollingFull.
	Polling Polling
	// CORS lets pages of other origins use long-polling. Nil sends no CORS headers.
	CORS *CORS

	// MaxConnections is the most sessions at a time; more get 503. Zero means no limit.
	MaxConnections int
	// MaxConnectionsPerIP is the same for one client address. Zero means no limit.
	MaxConnectionsPerIP int
	// Admission holds to its own limits in the place of these two, and counts the clients of all servers
	// that have it. Nil means one of this server's own.
	Admission *Admission
	// ClientAddr tells the address of the client, behind proxies that the caller trusts.
	// Nil means the peer of the TCP connection.
	ClientAddr func(*http.Request) netip.Addr

	// Allow is asked before every handshake; false refuses it with the protocol's code 4,
	// "Forbidden". Nil allows all. This is the place to check the Origin header, since browsers
	// don't protect WebSockets by CORS.
	Allow func(*http.Request) bool
	// Observer counts. Nil counts nothing.
	Observer Observer
	// OnTooLarge is called for each message of a client that is longer than MaxPayload. It may be called by many goroutines
	// and must not block. Nil does nothing.
	OnTooLarge func()
}

// UpgradeTimeout is how long a client may take from opening the WebSocket to using it (upgradeTimeout of
// the official server), and how long a session may stay with polling under PollingUpgrade.
const UpgradeTimeout = 10 * time.Second

// Polling is what a server makes of HTTP long-polling.
type Polling uint8

const (
	PollingFull    Polling = iota // sessions may live on it
	PollingUpgrade                // sessions may begin with it, and have UpgradeTimeout to go on to a WebSocket
	PollingOff                    // it is refused
)

// Observer is told of what a server's operator wants counted. Its methods are called from many
// goroutines and must not block.
type Observer interface {
	SessionOpened()
	SessionClosed(Reason)
	// HandshakeRefused names the cause: one of the Cause constants.
	HandshakeRefused(cause string)
}

// Causes of refused handshakes.
const (
	CausePolling     = "polling"                // PollingOff
	CauseTransport   = "unknown transport"      // missing or unknown transport
	CauseVersion     = "protocol version"       // EIO is not 4
	CauseSession     = "unknown session"        // a sid that is not known
	CauseMethod      = "bad method"             // not a GET
	CauseBadRequest  = "bad request"            // not a WebSocket upgrade
	CauseForbidden   = "forbidden"              // Options.Allow said no
	CauseMaximum     = "max connections"        // Options.MaxConnections
	CauseMaximumByIP = "max connections per ip" // Options.MaxConnectionsPerIP
	CauseDraining    = "shutting down"          // Shutdown was called
)

type noObserver struct{}

func (noObserver) SessionOpened()          {}
func (noObserver) SessionClosed(Reason)    {}
func (noObserver) HandshakeRefused(string) {}

// WithDefaults returns the options that a Server makes of these: what is zero or nil has its default. Two servers
// that are given what it returns share one Admission.
func (o Options) WithDefaults() Options {
	setDefault(&o.PingInterval, 25*time.Second)
	setDefault(&o.PingTimeout, 20*time.Second)
	setDefault(&o.MaxPayload, 1_000_000)
	setDefault(&o.SendQueueBytes, 1<<20)
	setDefault(&o.CloseGrace, 2*time.Second)
	if o.ClientAddr == nil {
		o.ClientAddr = PeerAddr
	}
	if o.Allow == nil {
		o.Allow = func(*http.Request) bool { return true }
	}
	if o.Observer == nil {
		o.Observer = noObserver{}
	}
	if o.OnTooLarge == nil {
		o.OnTooLarge = func() {}
	}
	if o.Admission == nil {
		o.Admission = NewAdmission(Limits{o.MaxConnections, o.MaxConnectionsPerIP})
	}
	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// PeerAddr returns the address that a request's TCP connection comes from, as IPv4 where it is one.
func PeerAddr(r *http.Request) netip.Addr {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	return peer.Addr().Unmap()
}

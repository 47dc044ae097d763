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
	// QueueFull. It bounds memory: connections times this. Each packet counts as Packet.Len. A Send
	// of more than that does not count: of these 16 times as much may wait for one client, and 64
	// times for all, where one that waits for many counts once. Zero means 1 MiB.
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
	// MaxConnectionsPerIP is the same for one client address (IPv6: for a /64). Zero means no limit.
	MaxConnectionsPerIP int
	// MaxConnectionsPerUser is the same for one user, as Identify and Session.Settle name them. Zero means no limit.
	MaxConnectionsPerUser int
	// ConnectionsElsewhere is Limits.Elsewhere, for MaxConnectionsPerUser. It may be nil.
	ConnectionsElsewhere func(user string) int
	// MaxPending is the most sessions of clients that nobody knows yet: Identify does not, and Session.Settle was not
	// called. They don't count as MaxConnections. Zero means that all count as known from the start. See Limits.
	MaxPending int
	// MaxPendingPerIP is the same for one client address. A client that finds as many, or the share of its address used up, takes the
	// place of the session of that address that has been silent for longest, which ends by GaveWay. A session gives way only after
	// 250 ms of silence, and not while a message of it is being handled. If none gives way, the newcomer is refused.
	MaxPendingPerIP int
	// PendingPayload is MaxPayload, and SendQueueBytes too, for a session until Session.Settle is called. More closes it with
	// TooMuchPending. Zero means that there is no difference.
	PendingPayload int
	// Admission holds to its own limits in the place of these five, and counts the clients of all servers
	// that have it. Nil means one of this server's own.
	Admission *Admission
	// ClientAddr tells the address of the client, behind proxies that the caller trusts.
	// Nil means the peer of the TCP connection.
	ClientAddr func(*http.Request) netip.Addr
	// CountedAddr is the address that a client counts for, where that is another one: of several hops that a
	// request has named, it is one that the client can't have made up. Nil means ClientAddr.
	CountedAddr func(*http.Request) netip.Addr

	// Allow is asked before every handshake, and every request of a session that polls; false refuses it with the
	// protocol's code 4, "Forbidden". Nil allows all. This is the place to check the Origin header, since browsers
	// don't protect WebSockets by CORS.
	Allow func(*http.Request) bool
	// Identify tells who a handshake comes from by its headers. It may wait, but not for long. A session that polls
	// belongs to whoever its handshake came from: further requests must have credentials of the same user, and
	// others are refused. Nil knows nobody.
	Identify func(*http.Request) Identity
	// Ask is asked about each handshake that has a place, and may wait on the request's goroutine; until when is its own affair.
	// Handshakes that a Door takes are not asked about: DoorOptions.Takes has to leave them to net/http. Nil asks nobody.
	Ask func(*http.Request) Asked
	// Refused is told of each request that is answered by a Refusal, with the cause, but for those of a flood before they are read and those that
	// Ask has refused. It must not block. Nil is not told.
	Refused func(r *http.Request, cause string)
	// Settled is told of each HTTP request of a session that Session.Settle was called for, before it is answered. Nil is
	// not told.
	Settled func(*http.Request)
	// Observer counts. Nil counts nothing.
	Observer Observer
	// OnTooLarge is called for each message of a client that is longer than MaxPayload. It may be called by many goroutines
	// and must not block. Nil does nothing.
	OnTooLarge func()
}

// UpgradeTimeout is how long a client may take from opening the WebSocket to using it (upgradeTimeout of
// the official server), and how long a session may stay with polling under PollingUpgrade, unless a WebSocket is being
// opened by then.
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
	CauseJSONP       = "jsonp"                  // EIO is not 4, and the answer should be a script
	CauseSession     = "unknown session"        // a sid that is not known
	CauseMethod      = "bad method"             // not a GET
	CauseBadRequest  = "bad request"            // not a WebSocket upgrade
	CauseProtocol    = "not http"               // at a Door: TLS or the PROXY protocol
	CauseForbidden   = "forbidden"              // Options.Allow said no
	CauseIdentity    = "not its user"           // a sid that belongs to another user, by Options.Identify
	CauseMaximum     = "max connections"        // Options.MaxConnections
	CauseMaximumByIP = "max connections per ip" // Options.MaxConnectionsPerIP
	CauseDraining    = "shutting down"          // Shutdown was called
	CauseAsked       = "refused by the app"     // Options.Ask said no

	CauseMaximumByUser = "max connections per user" // Options.MaxConnectionsPerUser, at Session.Settle
	CausePending       = "max pending"              // Options.MaxPending, and none of that address gives way
	CausePendingByIP   = "max pending per ip"       // Options.MaxPendingPerIP, or an address's share of MaxPending, and none of them gives way
	CauseArrivals      = "max arrivals"             // Admission.Arrive: as many as MaxPending
	CauseArrivalsByIP  = "max arrivals per ip"      // Admission.Arrive: as many of an address as MaxPendingPerIP, or its share
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
	if o.CountedAddr == nil {
		o.CountedAddr = o.ClientAddr
	}
	if o.Identify == nil {
		o.Identify = func(*http.Request) Identity { return Identity{} }
	}
	if o.Refused == nil {
		o.Refused = func(*http.Request, string) {}
	}
	if o.Settled == nil {
		o.Settled = func(*http.Request) {}
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
		o.Admission = NewAdmission(Limits{
			Connections: o.MaxConnections, ConnectionsPerIP: o.MaxConnectionsPerIP, ConnectionsPerUser: o.MaxConnectionsPerUser,
			Elsewhere: o.ConnectionsElsewhere,
			Pending:   o.MaxPending, PendingPerIP: o.MaxPendingPerIP,
		})
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

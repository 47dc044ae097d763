package attach

import (
	"cmp"
	"log/slog"
	"time"
)

// Options configure a Hub. Those without a default have to be there.
type Options struct {
	// Name is this gateway's, among others that the same app dials. Empty means one that is drawn.
	Name string
	// Keys are the keys that apps may have, any of them.
	Keys []string
	// Hold is how long what a client says waits for a process of the app, and its client with it. Zero means 30 s.
	Hold time.Duration
	// HoldPackets and ClientBytes bound what is held for one client, HoldBytes what is held for all. Zero means 1,000, 1 MiB and 64 MiB.
	HoldPackets, ClientBytes, HoldBytes int
	// QueueBytes is how much may wait for one link before its clients' packets are held. Zero means 8 MiB.
	QueueBytes int
	// RecoveryBuffer is how many bytes of events are kept for clients that come back, and beside it a quarter as many of their sessions.
	// RecoveryLimit is how many events one of them is told. Zero means 64 MiB and 1,000. How long it is the app says.
	RecoveryBuffer, RecoveryLimit int

	// Settings are what the engine has that serves the Hub's clients.
	Settings
	// ConnectTimeout is how long a client may take until a namespace has let it in, once an app is there; PendingTimeout, until it says
	// its first word. Zero means 45 s and 10 s.
	ConnectTimeout, PendingTimeout time.Duration
	// Events are those that the gateway handles itself. With some of them the Hub's mode is "gateway", else "app".
	Events []string

	// Observer counts. Nil counts nothing.
	Observer Observer
	// Logger is told of links that come and go. Nil means slog.Default().
	Logger *slog.Logger
}

// Settings are the gateway's in the place of the app's own.
type Settings struct {
	Path                      string
	PingInterval, PingTimeout time.Duration
	MaxPayload                int
	AllowEIO3                 bool
	AllowedOrigins            []string
	Polling                   string // as the variable has it
}

// Bound is a bound of holding.
type Bound string

// Bounds of holding, as metrics name them.
const (
	BoundTime        Bound = "time"         // Hold
	BoundPackets     Bound = "packets"      // HoldPackets
	BoundClientBytes Bound = "client bytes" // ClientBytes
	BoundBytes       Bound = "bytes"        // HoldBytes
)

// Bounds are all of them.
var Bounds = []Bound{BoundTime, BoundPackets, BoundClientBytes, BoundBytes}

// Observer is told of what an operator wants counted. Its methods are called from many goroutines and must not block.
type Observer interface {
	// AppBytes counts bytes of links.
	AppBytes(from, to int)
	// AppOverflow counts a client whose packets could not be held.
	AppOverflow(Bound)
	// AppRefused counts an app that was not let in.
	AppRefused(Refusal)
	// AppLinkEnded counts the end of a link.
	AppLinkEnded(Ended)
	// AppBusDropped counts a message among processes of the app that one of them had no room for.
	AppBusDropped()
	// AppRecovery counts a client that came back for a socket.
	AppRecovery(Recovery)
}

func (o *Options) mode() string {
	if len(o.Events) > 0 {
		return "gateway"
	}
	return "app"
}

func (o Options) withDefaults() Options {
	o.Name = cmp.Or(o.Name, newNonce())
	o.Hold = cmp.Or(o.Hold, 30*time.Second)
	o.HoldPackets = cmp.Or(o.HoldPackets, 1000)
	o.ClientBytes = cmp.Or(o.ClientBytes, 1<<20)
	o.HoldBytes = cmp.Or(o.HoldBytes, 64<<20)
	o.QueueBytes = cmp.Or(o.QueueBytes, 8<<20)
	o.RecoveryBuffer = cmp.Or(o.RecoveryBuffer, 64<<20)
	o.RecoveryLimit = cmp.Or(o.RecoveryLimit, 1000)
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, 45*time.Second)
	o.PendingTimeout = cmp.Or(o.PendingTimeout, 10*time.Second)
	o.MaxPayload = cmp.Or(o.MaxPayload, 1_000_000)
	if o.Events == nil {
		o.Events = []string{}
	}
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

type nobody struct{}

func (nobody) AppBytes(int, int)    {}
func (nobody) AppOverflow(Bound)    {}
func (nobody) AppRefused(Refusal)   {}
func (nobody) AppLinkEnded(Ended)   {}
func (nobody) AppBusDropped()       {}
func (nobody) AppRecovery(Recovery) {}

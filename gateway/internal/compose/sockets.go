package compose

import (
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// pendingPayload is the most bytes of a message before CONNECT: several times what the largest token takes.
const pendingPayload = 32 << 10

// Sockets returns the options of the Socket.IO server. The caller adds the Logger, and what the engine asks and tells:
// Identify, Settled and Observer.
func Sockets(c config.Config) socketio.Options {
	trusted := proxies(c.TrustedProxies)
	rule := newOrigins(c)
	return socketio.Options{
		ConnectTimeout: c.ConnectTimeout,
		PendingTimeout: c.PendingTimeout,
		Engine: engineio.Options{
			PingInterval:          c.PingInterval,
			PingTimeout:           c.PingTimeout,
			MaxPayload:            c.MaxPayload,
			SendQueueBytes:        c.SendQueueBytes,
			MaxConnections:        c.MaxConnections,
			MaxConnectionsPerIP:   c.MaxConnectionsPerIP,
			MaxConnectionsPerUser: c.MaxConnectionsPerUser,
			MaxPending:            c.MaxPending,
			MaxPendingPerIP:       c.MaxPendingPerIP,
			PendingPayload:        pendingPayload,
			ClientAddr:            trusted.client,
			CountedAddr:           trusted.counted,
			Allow:                 rule.allow,
			Polling:               pollingModes[c.Polling],
			CORS:                  rule.cors(),
		},
	}
}

var pollingModes = map[string]engineio.Polling{
	"full": engineio.PollingFull, "upgrade": engineio.PollingUpgrade, "off": engineio.PollingOff,
}

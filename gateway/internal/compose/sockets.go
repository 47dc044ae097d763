package compose

import (
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Sockets returns the options of the Socket.IO server. The caller adds the Logger and the Observer of the engine.
func Sockets(c config.Config) socketio.Options {
	trusted := proxies(c.TrustedProxies)
	rule := newOrigins(c)
	return socketio.Options{
		ConnectTimeout: c.ConnectTimeout,
		Engine: engineio.Options{
			PingInterval:        c.PingInterval,
			PingTimeout:         c.PingTimeout,
			MaxPayload:          c.MaxPayload,
			SendQueueBytes:      c.SendQueueBytes,
			MaxConnections:      c.MaxConnections,
			MaxConnectionsPerIP: c.MaxConnectionsPerIP,
			ClientAddr:          trusted.client,
			Allow:               rule.allow,
			Polling:             pollingModes[c.Polling],
			CORS:                rule.cors(),
		},
	}
}

var pollingModes = map[string]engineio.Polling{
	"full": engineio.PollingFull, "upgrade": engineio.PollingUpgrade, "off": engineio.PollingOff,
}

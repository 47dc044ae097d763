package app

import (
	"context"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/ops"
	"github.com/socketgate/socketgate/gateway/internal/store"
	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/nodecrypt"
	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

// wire makes the parts, from the database up.
func (a *App) wire(ctx context.Context, metrics *ops.Metrics) error {
	verifier, err := token.NewVerifier([]byte(a.config.JWTSecret))
	if err != nil {
		return err
	}
	if a.store, err = a.openStore(ctx, metrics); err != nil {
		return err
	}
	a.health = &ops.Health{Store: a.store.Ready}
	a.sockets = newGenerations(a.socketOptions(metrics), a.config.AllowEIO3)
	a.chat = chat.New(a.sockets.Of("/"), a.store, a.chatOptions(verifier, metrics))
	metrics.Explain(reasons)
	metrics.Watch(ops.Gauges{Connections: a.sockets.Connections, Rooms: a.chat.Rooms})
	return nil
}

func (a *App) openStore(ctx context.Context, metrics *ops.Metrics) (*store.Store, error) {
	c := a.config
	encrypt, err := encryption(c)
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, store.Config{
		URL:         string(c.DatabaseURL),
		Table:       c.MessageTable,
		TextColumn:  c.MessageTextColumn,
		UserColumn:  c.MessageUserColumn,
		RoomColumn:  c.MessageRoomColumn,
		IDKind:      c.MessageID,
		Constants:   c.MessageConstants,
		AccessQuery: c.RoomAccessQuery,
		Encrypt:     encrypt,
		Timeout:     c.DatabaseTimeout,
		Observer:    metrics,
		Logger:      a.log,
	})
}

// encryption returns what makes text unreadable at rest, or nil where plaintext was asked for by
// name, or nothing is stored.
func encryption(c config.Config) (func(string) (string, error), error) {
	if c.MessageCipher == "plaintext" || c.DatabaseURL.None() {
		return nil, nil
	}
	key, err := nodecrypt.ParseKey(string(c.MessageEncryptionKey))
	if err != nil {
		return nil, err
	}
	cipher, err := nodecrypt.New(key)
	if err != nil {
		return nil, err
	}
	return cipher.Encrypt, nil
}

func (a *App) socketOptions(metrics *ops.Metrics) socketio.Options {
	c := a.config
	trusted := proxies(c.TrustedProxies)
	rule := newOrigins(c.AllowedOrigins, trusted)
	return socketio.Options{
		ConnectTimeout: c.ConnectTimeout,
		Logger:         a.log,
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
			Observer:            &hints{Metrics: metrics, log: a.log, said: make(map[string]time.Time)},
		},
	}
}

var pollingModes = map[string]engineio.Polling{
	"full": engineio.PollingFull, "upgrade": engineio.PollingUpgrade, "off": engineio.PollingOff,
}

func (a *App) chatOptions(v *token.Verifier, metrics *ops.Metrics) chat.Options {
	c := a.config
	return chat.Options{
		Verifier:     v,
		Cookie:       c.TokenCookie,
		JoinEvents:   c.JoinEvents,
		LeaveEvents:  c.LeaveEvents,
		SendEvents:   c.SendEvents,
		MessageEvent: c.MessageEvent,
		MembersEvent: c.MembersEvent,
		MembersShape: chat.Shape(c.MembersShape),
		MembersLimit: c.MembersLimit,
		Multi:        c.JoinMode == "multi",
		OpenRooms:    !c.RequireJoin,
		MaxText:      c.MaxText,
		MaxEvent:     c.SendQueueBytes / 4,
		RateLimit:    float64(c.RateLimit),
		Observer:     metrics,
		Logger:       a.log,
	}
}

package app

import (
	"context"
	"net/http"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/ops"
	"github.com/socketgate/socketgate/gateway/internal/store"
	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/nodecrypt"
	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

// wire makes the parts, from the database up.
func (a *App) wire(ctx context.Context, metrics *ops.Metrics) error {
	authenticator, err := a.openAuthenticator(ctx)
	if err != nil {
		return err
	}
	if a.store, err = a.openStore(ctx, metrics); err != nil {
		a.closeSessions()
		return err
	}
	a.health = &ops.Health{Store: a.store.Ready}
	a.sockets = newGenerations(a.socketOptions(metrics), a.config.AllowEIO3)
	a.chat = chat.New(a.sockets.Of("/"), a.store, a.chatOptions(authenticator, metrics))
	metrics.Explain(reasons)
	metrics.Watch(ops.Gauges{Connections: a.sockets.Connections, Rooms: a.chat.Rooms})
	return nil
}

func (a *App) openStore(ctx context.Context, metrics *ops.Metrics) (*store.Store, error) {
	c, err := storeConfig(a.config)
	if err != nil {
		return nil, err
	}
	c.Observer, c.Logger = metrics, a.log
	return store.Open(ctx, c)
}

// Inspect opens the store as a start would, looks, and closes it again.
func Inspect(ctx context.Context, c config.Config) (store.Report, error) {
	s, err := storeConfig(c)
	if err != nil {
		return store.Report{}, err
	}
	return store.Inspect(ctx, s)
}

// Identify tells who sends a handshake with this Cookie header, as a start would, sessions in the
// database included.
func Identify(ctx context.Context, c config.Config, cookie string) (token.Claims, error) {
	a := &App{config: c}
	who, err := a.openAuthenticator(ctx)
	if err != nil {
		return token.Claims{}, err
	}
	defer a.closeSessions()
	claims, _, err := who.Authenticate(ctx, http.Header{"Cookie": {cookie}}, nil)
	return claims, err
}

func storeConfig(c config.Config) (store.Config, error) {
	s := store.Config{
		URL:         string(c.DatabaseURL),
		Table:       c.MessageTable,
		TextColumn:  c.MessageTextColumn,
		UserColumn:  c.MessageUserColumn,
		RoomColumn:  c.MessageRoomColumn,
		IDKind:      c.MessageID,
		Constants:   c.MessageConstants,
		AccessQuery: c.RoomAccessQuery,
		Timeout:     c.DatabaseTimeout,
	}
	cipher, err := Cipher(c)
	if err == nil && cipher != nil {
		s.Encrypt = cipher.Encrypt
	}
	return s, err
}

// Cipher returns what makes text unreadable at rest, or nil where plaintext was asked for by name,
// or nothing is stored.
func Cipher(c config.Config) (nodecrypt.Cipher, error) {
	if c.MessageCipher == "plaintext" || c.DatabaseURL.None() {
		return nil, nil
	}
	return nodecrypt.New(c.MessageCipher, c.MessageKeyFormat, string(c.MessageEncryptionKey))
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

func (a *App) chatOptions(who *token.Authenticator, metrics *ops.Metrics) chat.Options {
	c := a.config
	return chat.Options{
		Authenticator: who,
		JoinEvents:    c.JoinEvents,
		LeaveEvents:   c.LeaveEvents,
		SendEvents:    c.SendEvents,
		Relays:        relays(c.RelayEvents),
		RelayRate:     float64(c.RelayRate),
		MessageEvent:  c.MessageEvent,
		MembersEvent:  c.MembersEvent,
		Unstored:      c.DatabaseURL.None(),
		Columns:       columns(a.store.Mapping()),
		MembersShape:  contract.Shape(c.MembersShape),
		MembersLimit:  c.MembersLimit,
		Multi:         c.JoinMode == "multi",
		OpenRooms:     !c.RequireJoin,
		MaxText:       c.MaxText,
		MaxEvent:      c.SendQueueBytes / 4,
		RateLimit:     float64(c.RateLimit),
		Observer:      metrics,
		Logger:        a.log,
	}
}

func columns(m store.Mapping) contract.Columns {
	c := contract.Columns{ID: m.ID.Name, Text: m.Text.Name, User: m.User.Name, Room: m.Room.Name}
	if m.CreatedAt != nil {
		c.CreatedAt = m.CreatedAt.Name
	}
	return c
}

func relays(events config.Relays) []chat.Relay {
	var list []chat.Relay
	for _, e := range events {
		list = append(list, chat.Relay(e))
	}
	return list
}

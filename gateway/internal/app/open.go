package app

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strconv"

	"github.com/socketgate/socketgate/gateway/internal/audit"
	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/neighbours"
	"github.com/socketgate/socketgate/gateway/internal/ops"
	"github.com/socketgate/socketgate/gateway/internal/sessions"
	"github.com/socketgate/socketgate/gateway/internal/store"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Open connects to the database and listens; Run serves. Page, if not nil, makes the handler of what is neither socket nor
// health. On an error nothing is left behind.
func Open(ctx context.Context, c config.Config, log *slog.Logger, page func(*App) http.Handler) (*App, error) {
	a := &App{config: c, log: log}
	if err := a.openParts(ctx); err != nil {
		return nil, err
	}
	public := a.publicMounts()
	if page != nil {
		public = append(public, mount{pattern: "/", handler: page(a), bodyTimeout: bodyTimeout})
	}
	err := a.listen(net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), public)
	if err == nil {
		a.guard(a.servers[0], public[0])
	}
	if err == nil && c.AdminAddr != "" {
		err = a.listen(c.AdminAddr, a.adminMounts())
	}
	if err != nil {
		a.close(ctx)
		return nil, err
	}
	return a, nil
}

// openParts makes the parts, from the database up. On an error it closes those that it has made.
func (a *App) openParts(ctx context.Context) (err error) {
	a.metrics = ops.NewMetrics()
	a.hints = ops.NewHints(a.metrics, a.log)
	defer func() {
		if err != nil {
			a.closeParts(ctx)
		}
	}()
	refused := func(reason string) { a.hints.LookupRefused("session", reason) }
	if a.identity, err = compose.OpenIdentity(ctx, a.config, a.log, refused); err != nil {
		return err
	}
	if a.config.AuditLog != audit.Off {
		if a.audit, err = audit.Open(a.config.AuditLog, a.metrics.AuditLost, a.log); err != nil {
			return err
		}
	}
	if a.store, err = a.openStore(ctx); err != nil {
		return err
	}
	if a.names, err = a.openNames(ctx); err != nil {
		return err
	}
	o := a.chatOptions()
	recovery, err := a.openRecovery(ctx, &o)
	if err != nil {
		return err
	}
	a.neighbours = a.openNeighbours(ctx)
	a.health = &ops.Health{Store: a.store.Ready, Neighbours: a.neighbours.Count}
	a.sockets = a.openSockets(recovery)
	a.chat = chat.New(a.sockets.Of("/"), a.store, o)
	if a.saved != nil {
		a.saved.Follow(a.sockets.Of("/"))
	}
	a.metrics.Explain(reasons)
	a.metrics.Watch(ops.Gauges{
		Connections: a.sockets.Connections, Rooms: a.chat.Rooms, Neighbours: a.neighbours.Count,
		Pending: a.sockets.admission.Pending, Arrivals: a.sockets.admission.Arrivals,
		Recovery: a.recoveryGauges(),
	})
	return nil
}

// closeParts closes what openParts had opened when it failed.
func (a *App) closeParts(ctx context.Context) {
	a.names.Close()
	if a.store != nil {
		a.store.Close(ctx)
	}
	if a.identity != nil {
		a.identity.Close()
	}
	a.closeAudit()
}

// openNames fails where USER_QUERY can't be asked. A query that the schema gave may not be allowed: then users go by their ids.
func (a *App) openNames(ctx context.Context) (*sessions.Names, error) {
	found := a.store.Mapping().UserQuery
	names, err := compose.OpenNames(ctx, a.config, found)
	switch {
	case err != nil && a.config.UserQuery == "":
		a.log.Warn("names of users can't be looked up: rooms are told ids where tokens have no name; USER_QUERY may ask elsewhere", "query", found, "error", err)
		return nil, nil
	case names != nil:
		from := found
		if a.config.UserQuery != "" {
			from = "USER_QUERY"
		}
		a.log.Info("names of users are looked up where tokens have none", "by", from)
	}
	return names, err
}

func (a *App) openStore(ctx context.Context) (*store.Store, error) {
	c, err := compose.Store(a.config)
	if err != nil {
		return nil, err
	}
	c.Observer, c.Logger = a.hints, a.log
	return store.Open(ctx, c)
}

// database is where the store keeps messages, which has parsed the same URL and opened it.
func (a *App) database() database.URL {
	url, _ := database.Parse(string(a.config.DatabaseURL))
	return url
}

func (a *App) openNeighbours(ctx context.Context) *neighbours.Watch {
	m := a.store.Mapping()
	return neighbours.Open(ctx, a.database(), m.Schema+"."+m.Table, a.log)
}

func (a *App) openSockets(recovery *socketio.Recovery) generations {
	o := compose.Sockets(a.config)
	o.Logger, o.Recovery = a.log, recovery
	o.Engine.Observer, o.Engine.Identify, o.Engine.Settled = a.hints, a.identity.Identify, settled
	o.Engine.OnTooLarge, o.OnNoNamespace = a.hints.PacketTooLarge, a.metrics.NamespaceRefused
	return newGenerations(o, a.config.AllowEIO3)
}

func (a *App) chatOptions() chat.Options {
	o := compose.Chat(a.config, a.store.Mapping())
	o.Authenticator, o.Observer, o.Logger = a.identity.Authenticator, a.hints, a.log
	if a.names != nil {
		o.Name = a.names.Name
	}
	if a.identity.MayEnd() {
		o.Logins = a.identity
	}
	if a.audit != nil {
		o.Audit = a.audit
	}
	return o
}

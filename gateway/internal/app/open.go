package app

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"

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
	open := a.openParts
	if c.AppHandles() {
		open = a.openAttached
	}
	if err := open(ctx); err != nil {
		return nil, err
	}
	public := a.publicMounts()
	elsewhere := http.Handler(http.HandlerFunc(a.nowhere))
	if page != nil {
		elsewhere = page(a)
	}
	public = append(public, mount{pattern: "/", handler: elsewhere, bodyTimeout: bodyTimeout})
	err := a.listen(net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), public)
	if err == nil {
		a.guard(a.servers[0], public[0])
	}
	if err == nil && c.AdminAddr != "" {
		err = a.listen(c.AdminAddr, a.adminMounts())
	}
	if err == nil && c.APIAddr != "" {
		err = a.listenToApp(ctx)
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
	if err = a.openRedis(ctx); err != nil {
		return err
	}
	if err = a.openOutbox(ctx); err != nil {
		return err
	}
	if err = a.openStore(ctx); err != nil {
		return err
	}
	if a.names, err = a.openNames(ctx); err != nil {
		return err
	}
	if a.userRooms, err = compose.OpenUserRooms(ctx, a.config, a.log); err != nil {
		return err
	}
	o := a.chatOptions()
	o.Latest = a.store
	if indexes := a.store.Mapping().HistoryIndexes(); a.config.HistoryEvent != "" && len(indexes) > 0 {
		a.log.Warn("each join reads the whole message table for HISTORY_EVENT: no index leads to a room's messages", "index that would help", strings.Join(indexes, "; "))
	}
	recovery, err := a.openRecovery(ctx, &o)
	if err != nil {
		return err
	}
	a.openOrder(&o)
	if err = a.openCluster(ctx, &o); err != nil {
		return err
	}
	if err = a.joinOthers(); err != nil {
		return err
	}
	a.neighbours = a.openNeighbours(ctx)
	a.health = &ops.Health{Store: a.store.Ready, Neighbours: a.neighbours.Count}
	if err = a.openBeside(ctx, &o); err != nil {
		return err
	}
	a.sockets = a.openSockets(recovery)
	a.front, a.admission = a.sockets, a.sockets.admission
	a.serveBeside()
	a.chat = chat.New(a.namespace(), a.store, o)
	a.heedCluster()
	if a.saved != nil {
		a.saved.Follow(a.namespace())
	}
	if err = a.startOrder(ctx); err != nil {
		return err
	}
	if err = a.startOutbox(); err != nil {
		return err
	}
	if err = a.openEmitter(); err != nil {
		return err
	}
	if err = a.openRoomNews(); err != nil {
		return err
	}
	if a.attached != nil {
		a.health.App = a.appFault
		a.attached.hub.Serve(a.attached.listener)
	}
	a.metrics.Explain(reasons)
	a.metrics.Watch(ops.Gauges{
		Connections: a.sockets.Connections, Rooms: a.chat.Rooms, Neighbours: a.neighbours.Count,
		Pending: a.admission.Pending, Arrivals: a.admission.Arrivals,
		Recovery: a.recoveryGauges(), Cluster: a.clusterGauges(),
	})
	return nil
}

// namespace is the one that the chat is in, and the only one of the gateway's own: another would let in whoever asks.
func (a *App) namespace() *socketio.Namespace { return a.sockets.Of(a.config.Namespace) }

// closeParts closes what openParts had opened when it failed.
func (a *App) closeParts(ctx context.Context) {
	a.closeBeside(ctx)
	a.closeCluster(ctx)
	a.closeOrder(ctx)
	a.closeRedis(ctx)
	a.roomNews.close()
	a.outbox.Close()
	a.userRooms.Close()
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

func (a *App) openStore(ctx context.Context) error {
	c, err := compose.Store(a.config)
	if err != nil {
		return err
	}
	c.Observer, c.Logger, c.Aside = a.hints, a.log, a.outbox.Newest()
	if a.redis != nil {
		c.Node, c.Told = a.redis.name, a.toldHere
	}
	if a.store, err = store.Open(ctx, c); err != nil {
		return err
	}
	warning, err := compose.CheckRooms(a.config, a.store.Mapping())
	if warning != "" {
		a.log.Warn(warning)
	}
	return err
}

// database is where the store keeps messages, which has parsed the same URL and opened it.
func (a *App) database() database.URL {
	url, _ := database.Parse(string(a.config.DatabaseURL))
	return url
}

func (a *App) openNeighbours(ctx context.Context) *neighbours.Watch {
	m := a.store.Mapping()
	return neighbours.Open(ctx, a.database(), m.Schema+"."+m.Table, compose.Cluster(a.config), a.log)
}

func (a *App) openSockets(recovery *socketio.Recovery) generations {
	o := compose.Sockets(a.config)
	o.Logger, o.Recovery = a.log, recovery
	o.Engine.Allow = a.tellRefused(o.Engine.Allow)
	o.Engine.Observer, o.Engine.Identify, o.Engine.Settled = a.hints, a.identity.Identify, settled
	if a.redis != nil {
		o.Cluster = a.redis.adapter
	}
	if a.attached != nil {
		o.Front, o.Engine.Refused, o.Engine.CORS.Fields = a.attached.hub.Front, a.attached.hub.TurnedAway, a.attached.hub.CORSFields
	}
	o.Engine.OnTooLarge, o.OnNoNamespace = a.hints.PacketTooLarge, a.metrics.NamespaceRefused
	if a.cluster != nil {
		o.Engine.ConnectionsElsewhere = a.cluster.Elsewhere
	}
	return newGenerations(o, a.config.AllowEIO3)
}

func (a *App) chatOptions() chat.Options {
	o := compose.Chat(a.config, a.store.Mapping())
	o.Authenticator, o.Observer, o.Logger = a.identity.Authenticator, a.hints, a.log
	if a.names != nil {
		o.Name = a.names.Name
	}
	if a.userRooms != nil {
		o.UserRooms = a.userRooms
	}
	if a.identity.MayEnd() {
		o.Logins = a.identity
	}
	if a.audit != nil {
		o.Audit = a.audit
	}
	return o
}

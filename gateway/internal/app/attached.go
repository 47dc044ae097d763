package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/api"
	"github.com/socketgate/socketgate/gateway/internal/attach"
	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/ops"
	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// front is what serves the clients.
type front interface {
	http.Handler
	Door(net.Listener, engineio.DoorOptions) *engineio.Door
	Connections() int
	Drain()
	Shutdown(context.Context) error
}

// attached is what lets the app's own server in.
type attached struct {
	hub      *attach.Hub
	listener net.Listener
}

// engine is the front of clients that the app's own server has.
type engine struct{ *engineio.Server }

func (e engine) Connections() int { return e.Sessions() }

// openAttached is openParts where everything is left to the app's own server.
func (a *App) openAttached(ctx context.Context) (err error) {
	a.metrics = ops.NewMetrics()
	a.hints = ops.NewHints(a.metrics, a.log)
	o := compose.Sockets(a.config).Engine
	o.Observer, o.Settled, o.OnTooLarge = a.hints, settled, a.hints.PacketTooLarge
	o.Allow = a.tellRefused(o.Allow)
	o.MaxConnectionsPerUser = 0 // nobody here knows users
	o = o.WithDefaults()
	if a.attached, err = a.openAttach(ctx, o); err != nil {
		return err
	}
	hub := a.attached.hub
	o.Ask, o.Refused, o.CORS.Fields = hub.Ask, hub.TurnedAway, hub.CORSFields
	a.attached.hub.Serve(a.attached.listener)
	a.front, a.admission = engine{engineio.New(hub, o)}, o.Admission
	a.health = &ops.Health{App: a.appFault}
	a.metrics.Explain(reasons)
	nothing := func() int { return 0 }
	a.metrics.Watch(ops.Gauges{
		Connections: a.front.Connections, Rooms: hub.Rooms, Neighbours: nothing,
		Pending: a.admission.Pending, Arrivals: a.admission.Arrivals,
		Recovery: ops.RecoveryGauges{Away: nothing, Forgotten: nothing, Reach: func() time.Duration { return 0 }, Replays: func() bool { return false }},
	})
	a.log.Info("every event goes to the app's own server (HANDLERS=app), which dials", "addr", a.attached.listener.Addr().String())
	return nil
}

// openAttach listens for the app's own server, which is let in by Hub.Serve.
func (a *App) openAttach(ctx context.Context, o engineio.Options) (*attached, error) {
	l, err := api.Listen(ctx, a.config.AttachAddr)
	if err != nil {
		return nil, fmt.Errorf("listen for the app's own server (ATTACH_ADDR): %w", err)
	}
	t := &attached{listener: l}
	c := a.config
	t.hub = attach.New(attach.Options{
		Keys: c.AttachKey.Texts(), Hold: c.AttachHold, HoldPackets: c.AttachHoldPackets, HoldBytes: c.AttachHoldBytes,
		ClientBytes: c.SendQueueBytes, QueueBytes: c.AttachQueueBytes, ConnectTimeout: c.ConnectTimeout, PendingTimeout: c.PendingTimeout,
		Settings: attach.Settings{
			Path: c.SocketPath, PingInterval: o.PingInterval, PingTimeout: o.PingTimeout, MaxPayload: o.MaxPayload, AllowEIO3: c.AllowEIO3,
			AllowedOrigins: c.AllowedOrigins, Polling: c.Polling,
		},
		RecoveryBuffer: c.RecoveryBuffer, RecoveryLimit: c.RecoveryLimit,
		Events: ownEvents(c), Observer: appWatch{a.metrics}, Logger: a.log,
	})
	a.metrics.WatchApp(ops.AppGauges{
		Links:   func() int { return t.hub.Stats().Links },
		Waiting: func() int { return t.hub.Stats().Waiting },
		Held:    func() int { return t.hub.Stats().Held },
		Absent:  func() int { return t.hub.Stats().Absent },
		Kept:    func() int { return t.hub.Stats().Kept },
	})
	return t, nil
}

// ownEvents are those that the gateway handles itself.
func ownEvents(c config.Config) []string {
	if c.AppHandles() {
		return nil
	}
	return c.OwnEvents()
}

// openBeside lets the app's own server in beside the gateway's handlers, and has it given what these leave. It does nothing without
// ATTACH_ADDR.
func (a *App) openBeside(ctx context.Context, o *chat.Options) (err error) {
	if a.config.AttachAddr == "" {
		return nil
	}
	if a.attached, err = a.openAttach(ctx, compose.Sockets(a.config).Engine.WithDefaults()); err != nil {
		return err
	}
	o.Elsewhere = a.attached.hub.PassEvent
	return nil
}

// serveBeside has the app's own server serve what the gateway's handlers leave. It is called once the sockets are there, and before the chat is
// made, since the hub's handlers go before the chat's: see attach.Hub.Own.
func (a *App) serveBeside() {
	if a.attached == nil {
		return
	}
	a.attached.hub.Own(a.namespace(), attach.Gate{
		Who:    func(s *socketio.Socket) json.RawMessage { return a.chat.Who(s) },
		Enter:  func(s *socketio.Socket, rooms []string) { a.chat.EnterRooms(s, rooms) },
		Leave:  func(s *socketio.Socket, rooms []string) { a.chat.LeaveRooms(s, rooms) },
		Hidden: func(room string) bool { return a.chat.Hidden(room) },
	})
	a.log.Info("other events than these go to the app's own server, which dials", "addr", a.attached.listener.Addr().String(), "events", a.config.OwnEvents())
}

// closeBeside ends the links, once no client is connected any more.
func (a *App) closeBeside(ctx context.Context) {
	if a.attached != nil {
		a.attached.listener.Close()
		a.warnCutShort("app", a.attached.hub.Close(ctx))
	}
}

// appFault says for readiness that no app is attached. The gateway still serves while clients are held for the app: new ones may come.
func (a *App) appFault() (fault string, serves bool) {
	ok, since := a.attached.hub.Ready()
	if ok {
		return "", true
	}
	if time.Since(since) < a.config.AttachHold {
		return "no app is attached: clients wait for it", true
	}
	return "no app is attached", false
}

// asksApp tells whether the app wants to be asked about handshakes. They are left to net/http then, whose goroutines may wait for the answer.
func (a *App) asksApp() bool { return a.config.AppHandles() && a.attached.hub.Asks() }

// closeAttached stops the parts of openAttached: first no new clients, then no clients, and then no app, which has been told of their ends.
func (a *App) closeAttached(ctx context.Context) {
	a.front.Drain()
	a.attached.hub.Drain()
	a.warnCutShort("sockets", a.front.Shutdown(ctx))
	a.closeBeside(ctx)
}

// appWatch is the observer of the hub.
type appWatch struct{ metrics *ops.Metrics }

func (w appWatch) AppBytes(from, to int)         { w.metrics.AppBytes(from, to) }
func (w appWatch) AppOverflow(b attach.Bound)    { w.metrics.AppOverflow(string(b)) }
func (w appWatch) AppRefused(r attach.Refusal)   { w.metrics.AppRefused(string(r)) }
func (w appWatch) AppLinkEnded(why attach.Ended) { w.metrics.AppLinkEnded(string(why)) }
func (w appWatch) AppBusDropped()                { w.metrics.AppBusDropped() }
func (w appWatch) AppRecovery(r attach.Recovery) { w.metrics.AppRecovery(string(r)) }

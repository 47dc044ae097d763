package app

import (
	"log/slog"
	"net"
	"sync"

	"github.com/socketgate/socketgate/gateway/internal/audit"
	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/cluster"
	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/neighbours"
	"github.com/socketgate/socketgate/gateway/internal/ops"
	"github.com/socketgate/socketgate/gateway/internal/outbox"
	"github.com/socketgate/socketgate/gateway/internal/saved"
	"github.com/socketgate/socketgate/gateway/internal/sessions"
	"github.com/socketgate/socketgate/gateway/internal/store"
	"github.com/socketgate/socketgate/pkg/engineio"
)

// App is a gateway that listens. Start it with Open, and let it Run.
type App struct {
	config     config.Config
	log        *slog.Logger
	metrics    *ops.Metrics
	hints      *ops.Hints
	health     *ops.Health
	audit      *audit.Log // nil without AUDIT_LOG
	identity   *compose.Identity
	neighbours *neighbours.Watch
	store      *store.Store
	names      *sessions.Names // nil where names are only in tokens
	cluster    *cluster.Node   // nil where the gateway is alone
	redis      *redisParts     // nil where this gateway is alone
	emitter    *listener       // nil without POSTGRES_EMITTER
	outbox     *outbox.Outbox  // nil without SQL_EMIT
	userRooms  *sessions.Rooms // nil without USER_ROOMS_QUERY
	roomNews   *listener       // nil without USER_ROOMS_CHANNEL
	saved      *saved.Sessions // nil where sessions end with the process
	sockets    generations
	attached   *attached           // nil without ATTACH_ADDR
	front      front               // what serves the clients: sockets, unless everything is left to the app
	admission  *engineio.Admission // of the front
	chat       *chat.Chat
	servers    []*server // the public one first
	api        *server   // one of them; nil without API_ADDR
	serving    sync.WaitGroup
}

// Addr returns the address of the public port.
func (a *App) Addr() net.Addr { return a.servers[0].listener.Addr() }

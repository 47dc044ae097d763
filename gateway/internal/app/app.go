package app

import (
	"log/slog"
	"net"
	"sync"

	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/ops"
	"github.com/socketgate/socketgate/gateway/internal/store"
)

// App is a gateway that listens. Start it with Open, and let it Run.
type App struct {
	config   config.Config
	log      *slog.Logger
	metrics  *ops.Metrics
	health   *ops.Health
	identity *compose.Identity
	store    *store.Store
	sockets  generations
	chat     *chat.Chat
	servers  []*server // the public one first
	serving  sync.WaitGroup
}

// Addr returns the address of the public port.
func (a *App) Addr() net.Addr { return a.servers[0].listener.Addr() }

// Store returns the message store, for the demo's page.
func (a *App) Store() *store.Store { return a.store }

package app

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/socketgate/socketgate/gateway/internal/legacy"
	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// generations serves current clients and, where they are allowed, old ones on the same path. The
// current engine has the answer to whatever is not taken, and to old clients that are not allowed.
type generations struct {
	*socketio.Server
	old       *legacy.Server // nil without ALLOW_EIO3
	admission *engineio.Admission
}

func newGenerations(o socketio.Options, allowEIO3 bool) generations {
	o.Engine = o.Engine.WithDefaults() // one Admission counts the clients of both
	g := generations{Server: socketio.NewServer(o), admission: o.Engine.Admission}
	if allowEIO3 {
		g.old = legacy.New(legacy.Options{Sockets: g.Server, Engine: o.Engine, Logger: o.Logger})
	}
	return g
}

func (g generations) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.old != nil && g.old.Takes(r) {
		g.old.ServeHTTP(w, r)
		return
	}
	g.Server.ServeHTTP(w, r)
}

// Connections counts the clients of both.
func (g generations) Connections() int {
	n := g.Server.Connections()
	if g.old != nil {
		n += g.old.Connections()
	}
	return n
}

// Drain refuses new clients of both.
func (g generations) Drain() {
	g.Server.Drain()
	if g.old != nil {
		g.old.Drain()
	}
}

// Shutdown ends both at the same time.
func (g generations) Shutdown(ctx context.Context) error {
	if g.old == nil {
		return g.Server.Shutdown(ctx)
	}
	var old error
	var stopping sync.WaitGroup
	stopping.Go(func() { old = g.old.Shutdown(ctx) })
	err := g.Server.Shutdown(ctx)
	stopping.Wait()
	return errors.Join(err, old)
}

package app

import (
	"context"

	"github.com/socketgate/socketgate/pkg/pglisten"
	"github.com/socketgate/socketgate/pkg/postgresemitter"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// openEmitter hears from now on what the web app emits (POSTGRES_EMITTER).
func (a *App) openEmitter() (err error) {
	if !a.config.PostgresEmitter {
		return nil
	}
	o := postgresemitter.Options{
		Namespaces: []*socketio.Namespace{a.namespace()},
		Lost: func(err error) {
			a.metrics.EmitterLost()
			a.log.Warn("what the web app emits through Postgres is not heard (POSTGRES_EMITTER)", "error", err)
		},
		Listening: func() { a.log.Info("what the web app emits through Postgres is heard (POSTGRES_EMITTER)") },
		Unreadable: func(err error) {
			a.metrics.EmitterUnreadable()
			a.log.Debug("an emit through Postgres could not be read", "error", err)
		},
	}
	a.emitter, err = a.hear(func(ctx context.Context, c *pglisten.Config) { postgresemitter.Listen(ctx, c, o) })
	return err
}

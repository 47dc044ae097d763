package app

import (
	"context"
	"fmt"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/api"
)

// apiPatience is how much longer than the database a request of the web app may take.
const apiPatience = 6 * time.Second

// listenToApp adds the server for the web app (API_ADDR).
func (a *App) listenToApp(ctx context.Context) error {
	c := a.config
	listener, err := api.Listen(ctx, c.APIAddr)
	if err != nil {
		return fmt.Errorf("listen to the web app (API_ADDR): %w", err)
	}
	a.api = a.serve(listener, api.New(a.chat, api.Options{
		Keys: c.APIKey.Texts(), Rate: c.APIRate, MaxBody: c.MaxPayload, Deadline: c.DatabaseTimeout + apiPatience, Observer: a.metrics, Logger: a.log,
	}))
	a.log.Info("the web app is heard (API_ADDR)", "api", listener.Addr().String())
	return nil
}

// apiEnd is how long requests of the web app that are under way may go on at the end.
const apiEnd = 2 * time.Second

// closeAPI ends what the web app asks, before the store takes no more.
func (a *App) closeAPI(ctx context.Context) {
	if a.api == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, apiEnd)
	defer cancel()
	a.warnCutShort("api", a.api.Shutdown(ctx))
}

package check

import (
	"context"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/outbox"
)

// emits looks whether the app can call socketgate.emit.
func (s start) emits(ctx context.Context) {
	const step = "emits"
	if !s.config.SQLEmit {
		return
	}
	url, err := database.Parse(string(s.config.DatabaseURL))
	if err != nil {
		return
	}
	switch installed, mayMake, err := outbox.Look(ctx, url); {
	case err != nil:
		s.fault(step, err.Error())
	case installed:
		s.ok(step, "the app can SELECT socketgate.emit(room, event, payload); a role of its own needs what %s schema -app ROLE prints", s.command)
	case mayMake:
		s.ok(step, "socketgate.emit will be made when the gateway starts")
	default:
		s.fault(step, "socketgate.emit is not there, and the gateway's role may not make it", "let the owner of the database run what "+s.command+" schema -app ROLE prints, with the web app's role")
	}
}

package compose

import (
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Rules are what the parts know about the values of their variables, for [config.Load].
func Rules() config.Rules {
	return config.Rules{DatabaseURL: database.Check, ReservedEvents: socketio.ReservedEvents(), FoldEvent: contract.Fold}
}

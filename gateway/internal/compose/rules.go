package compose

import (
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

// Rules are what the parts know about the values of their variables, for [config.Load].
func Rules() config.Rules {
	return config.Rules{DatabaseURL: database.Check, ReservedEvents: socketio.ReservedEvents(), FoldEvent: contract.Fold,
		TokenSource: func(source string) error {
			_, err := token.ParseSource(source)
			return err
		},
		RowValues: contract.RowValues, MemberValues: contract.MemberValues, HistoryValues: contract.HistoryValues,
		Template: func(shape string, values []string) error {
			_, err := contract.ParseTemplate(shape, values...)
			return err
		}}
}

package store

import "github.com/socketgate/socketgate/gateway/internal/lookup"

// newAccessDesk has access queries take turns by user.
func newAccessDesk(askers int, watch Observer) *lookup.Desk {
	return lookup.New(lookup.Options{
		Running: askers,
		// Each socket asks for one room at a time, so this is a person with so many tabs.
		PerKey: 32,
		// Whoever waits has a worker of the engine with him.
		Total:   4096,
		Refused: func(reason string) { watch.LookupRefused("room_access", reason) },
	})
}

package check

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

// start tries what a start needs.
type start struct {
	*report
	config config.Config
}

func (s start) variables(err error) {
	var faults config.Faults
	switch {
	case errors.As(err, &faults):
		for _, line := range faults {
			s.fault("variables", line)
		}
	case err != nil:
		s.fault("variables", err.Error())
	default:
		s.ok("variables", "understood (gateway env explains them)")
	}
	for _, line := range s.config.Warnings {
		s.warn("variables", line)
	}
}

// try takes variables that have no faults.
func (s start) try(ctx context.Context, tok string) {
	s.token(ctx, tok)
	cipher := s.key()
	s.database(ctx, cipher)
	s.origins()
	s.port()
}

func (s start) origins() {
	allowed := s.config.AllowedOrigins
	switch {
	case slices.Contains(allowed, "*"):
		s.ok("origins", "pages of every site may connect (ALLOWED_ORIGINS)")
	case len(allowed) > 0:
		s.ok("origins", "pages of the gateway's own host may connect, and %s (ALLOWED_ORIGINS)", strings.Join(allowed, ", "))
	default:
		s.ok("origins", "pages of the gateway's own host may connect (ALLOWED_ORIGINS adds others)")
	}
}

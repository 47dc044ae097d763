package sessions

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/lookup"
	"github.com/socketgate/socketgate/pkg/token"
)

// Turns has look-ups of sessions take turns by the network from which they come (token.WithClient), since whose they are is
// what they ask. Its method may be called from any goroutine.
type Turns struct {
	claims  func(ctx context.Context, session string) (token.Claims, error)
	timeout time.Duration
	desk    *lookup.Desk
}

// NewTurns has claims, which is Sessions.Claims, asked in turns. Timeout bounds the wait for a turn and the look-up together.
// Refused is told of each look-up that is not made, with a reason of package lookup; it may be nil.
func NewTurns(claims func(context.Context, string) (token.Claims, error), timeout time.Duration, refused func(reason string)) *Turns {
	return &Turns{claims: claims, timeout: timeout, desk: lookup.New(lookup.Options{
		Running: sessionConnections,
		// An office, or everybody, where a proxy does not say who its clients are. Who is refused comes back by himself.
		PerKey:  1024,
		Total:   4096,
		Refused: refused,
	})}
}

// Claims is Sessions.Claims at its turn. A turn that does not come in time is token.ErrUnavailable.
func (t *Turns) Claims(ctx context.Context, session string) (claims token.Claims, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	found, err := t.desk.Ask(ctx, network(token.Client(ctx)), lookup.About(session), func() (bool, error) {
		var err error
		claims, err = t.claims(ctx, session)
		if errors.Is(err, token.ErrNoSession) {
			return false, nil
		}
		return true, err
	})
	switch {
	case errors.Is(err, lookup.ErrFull), errors.Is(err, lookup.ErrNoTurn):
		return token.Claims{}, fmt.Errorf("%w: %w", token.ErrUnavailable, err)
	case err != nil:
		return token.Claims{}, err
	case !found:
		return token.Claims{}, token.ErrNoSession
	}
	return claims, nil
}

// network is an address, or the /64 of IPv6, of which one client has all addresses.
func network(addr netip.Addr) string {
	addr = addr.Unmap()
	if addr.Is6() {
		prefix, _ := addr.WithZone("").Prefix(64) // 64 bits fit
		return prefix.String()
	}
	return addr.String()
}

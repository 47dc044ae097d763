package token

import (
	"context"
	"net/netip"
)

type clientKey struct{}

// WithClient returns a context that tells Options.Sessions from which address the client comes. It proves nothing: it is for
// sharing the database out among clients.
func WithClient(ctx context.Context, addr netip.Addr) context.Context {
	return context.WithValue(ctx, clientKey{}, addr)
}

// Client returns the address that WithClient was given, or the zero value.
func Client(ctx context.Context) netip.Addr {
	addr, _ := ctx.Value(clientKey{}).(netip.Addr)
	return addr
}

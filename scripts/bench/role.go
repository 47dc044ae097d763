//go:build linux

package main

import (
	"context"
	"flag"
	"os"
)

// role is what the program is when the benchmark has started it itself.
type role struct {
	bare     int    // port to be the bare writer on
	floor    int    // port to make the system calls of connects by long-polling on
	honest   int    // port of the gateway to be honest clients of
	source   string // where they come from
	attacker string // attack to carry out
	target   int    // port of the gateway that it is for
}

func (r *role) flags(f *flag.FlagSet) {
	f.IntVar(&r.bare, "bare", 0, "be the bare writer on this port (the benchmark starts it itself, and those below)")
	f.IntVar(&r.floor, "floor", 0, "make the system calls of connects by long-polling on this port, and nothing else")
	f.IntVar(&r.honest, "honest", 0, "be honest clients of the gateway on this port")
	f.StringVar(&r.source, "source", "127.0.0.1", "where honest clients come from")
	f.StringVar(&r.attacker, "attacker", "", "be the attackers of this name")
	f.IntVar(&r.target, "target", 0, "port of the gateway that they attack")
}

// play returns what the role does, or nil for none.
func (r role) play() func(context.Context) error {
	switch {
	case r.bare != 0:
		return func(context.Context) error { return serveBare(r.bare) }
	case r.floor != 0:
		return func(context.Context) error { return serveFloor(r.floor) }
	case r.honest != 0:
		return func(ctx context.Context) error { return serveHonest(ctx, r.honest, r.source, os.Stdin, os.Stdout) }
	case r.attacker != "":
		return func(ctx context.Context) error { return serveAttack(ctx, r.attacker, r.target, os.Stdin, os.Stdout) }
	}
	return nil
}

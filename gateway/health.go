package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/ops"
)

// healthTimeout is longer than a readiness check may take, and shorter than Docker waits.
const healthTimeout = 3 * time.Second

// askHealth asks the gateway that runs beside it, by the same environment, whether it is well: for
// health checks in images that have no shell. It fails if the gateway is not well.
func askHealth(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	live := flags.Bool("live", false, "ask only whether it runs (/healthz), not whether it can store messages (/readyz)")
	if err := parse(flags, args); err != nil {
		return err
	}
	c, err := config.Load(compose.Rules())
	if err != nil {
		return err
	}
	path := ops.ReadyzPath
	if *live {
		path = ops.HealthzPath
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	answer, err := ops.Ask(ctx, net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, answer)
	return err
}

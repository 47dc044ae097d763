// Command gateway takes over the Socket.IO half of a Next.js custom server.
//
//	gateway           serve, configured by the environment
//	gateway demo      serve a page to chat with, on nothing but this binary
//	gateway check     try what a start needs, and say what to change
//	gateway token     make a token for development
//	gateway health    ask the gateway that runs here whether it is well
//	gateway env       print every variable, its default and meaning
//	gateway version   print the version
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/socketgate/socketgate/gateway/internal/app"
	"github.com/socketgate/socketgate/gateway/internal/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

const usage = `usage: gateway [command]

  (none)     serve, configured by the environment (see: gateway env)
  demo       serve a page to chat with; needs nothing
  check      try what a start needs and, with --url, what browsers meet; says what to change
  token      make a token for development; -h shows its options
  health     ask the gateway that runs here whether it is well; -h shows its options
  env        print every variable, its default and meaning
  version    print the version`

func run(ctx context.Context, args []string, out io.Writer) error {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch command {
	case "":
		return serve(ctx)
	case "demo":
		return runDemo(ctx, args, out)
	case "check":
		return runCheck(ctx, args, out)
	case "token":
		return mintToken(args, out)
	case "health":
		return askHealth(ctx, args, out)
	case "env":
		return config.WriteTable(out)
	case "version":
		return printVersion(out)
	case "help", "-h", "-help", "--help":
		fmt.Fprintln(out, usage)
		return nil
	}
	return fmt.Errorf("unknown command %q\n%s", command, usage)
}

func serve(ctx context.Context) error {
	c, err := config.Load(app.Rules())
	if err != nil {
		return err
	}
	log := newLogger(c)
	for _, warning := range c.Warnings {
		log.Warn(warning)
	}
	a, err := app.Open(ctx, c, log, nil)
	switch {
	case ctx.Err() != nil && err != nil: // whatever it was waiting for, it was told not to
		log.Info("stopped before the start was done")
		return nil
	case err != nil:
		return err
	}
	return a.Run(ctx)
}

func newLogger(c config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

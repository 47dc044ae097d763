// Command gateway takes over the Socket.IO half of a Next.js custom server. Its binary is built as socketgate
// (go build -o socketgate ./gateway); it calls itself by the name that it was started with.
//
//	socketgate           serve, configured by the environment
//	socketgate demo      serve a page to chat with, on nothing but this binary
//	socketgate check     try what a start needs, and say what to change
//	socketgate token     make a token for development
//	socketgate health    ask the gateway that runs here whether it is well
//	socketgate schema    print the SQL of what the gateway makes in Postgres for itself
//	socketgate env       print every variable, its default and meaning
//	socketgate version   print the version
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
	"path/filepath"
	"strings"
	"syscall"

	"github.com/socketgate/socketgate/gateway/internal/app"
	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, os.Args, os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

// usage has the name of the program where a verb stands.
const usage = `usage: %[1]s [command]

  (none)     serve, configured by the environment (see: %[1]s env)
  demo       serve a page to chat with; needs nothing
  check      try what a start needs and, with --url, what browsers meet; says what to change
  token      make a token for development; -h shows its options
  health     ask the gateway that runs here whether it is well; -h shows its options
  schema     print the SQL of what the gateway makes in Postgres for itself; -h shows its options
  env        print every variable, its default and meaning
  version    print the version`

// run is the program, given its name and its arguments as the system gives them.
func run(ctx context.Context, args []string, out io.Writer) error {
	name, args := programName(args), args[min(1, len(args)):]
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet(name+" "+command, flag.ContinueOnError)
	switch command {
	case "":
		if err := serve(ctx); err != nil {
			return fmt.Errorf("%w\n\n%s check tries all that a start needs, and says what to change", err, name)
		}
		return nil
	case "demo":
		return runDemo(ctx, flags, args, out)
	case "check":
		return runCheck(ctx, name, flags, args, out)
	case "token":
		return mintToken(flags, args, out)
	case "health":
		return askHealth(ctx, flags, args, out)
	case "schema":
		return printSchema(flags, args, out)
	case "env":
		return printTable(flags, args, out)
	case "version":
		return printVersion(flags, args, out)
	case "help", "-h", "-help", "--help":
		_, err := fmt.Fprintf(out, usage+"\n", name)
		return err
	}
	return fmt.Errorf("unknown command %q\n%s", command, fmt.Sprintf(usage, name))
}

// parse reads the options of a command. No command takes anything else: a URL without --url would be passed over in silence.
func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%s: %q is no option of it; -h shows what there is", flags.Name(), flags.Arg(0))
	}
	return nil
}

// programName is what the program was called by when it was started.
func programName(args []string) string {
	if len(args) == 0 || args[0] == "" {
		return "socketgate"
	}
	return strings.TrimSuffix(filepath.Base(args[0]), ".exe")
}

func serve(ctx context.Context) error {
	c, err := config.Load(compose.Rules())
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

// printTable prints the page of the variables.
func printTable(flags *flag.FlagSet, args []string, out io.Writer) error {
	if err := parse(flags, args); err != nil {
		return err
	}
	return config.WriteTable(out)
}

func newLogger(c config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

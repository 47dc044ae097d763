package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/app"
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/demo"
	"github.com/socketgate/socketgate/pkg/token"
)

// demoToken is how long somebody may chat in the demo without asking for another token.
const demoToken = 12 * time.Hour

// runDemo serves the gateway with a page to chat with. It reads no variable and leaves nothing
// behind: the database is a file in a folder of its own, the secret and the key are made up.
func runDemo(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	port := flags.Int("port", 4000, "port to listen on; another one is taken if it is in use")
	if err := parse(flags, args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "socketgate-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo's database: %w", err)
	}
	defer os.RemoveAll(dir)
	c := demoConfig(filepath.Join(dir, "demo.db"), *port)
	rows, err := demo.OpenDatabase(ctx, string(c.DatabaseURL))
	if err != nil {
		return err
	}
	defer rows.Close()
	a, err := openDemo(ctx, c, rows)
	if err != nil {
		return err
	}
	_, reachable, _ := net.SplitHostPort(a.Addr().String())
	fmt.Fprintf(out, "\n  Socketgate demo: http://localhost:%s\n\n  Ctrl-C ends it and removes its database.\n\n", reachable)
	return a.Run(ctx)
}

func demoConfig(file string, port int) config.Config {
	c := config.Default()
	c.Host = "127.0.0.1"
	c.Port = port
	c.JWTSecret = config.Secret(randomHex(32))
	c.MessageEncryptionKey = config.Secret(randomHex(32))
	c.DatabaseURL = config.DatabaseURL("file:" + file)
	return c
}

// openDemo takes another port when the usual one is in use: by the demo in another terminal, most
// likely.
func openDemo(ctx context.Context, c config.Config, rows *demo.Database) (*app.App, error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	page := func(*app.App) http.Handler { return demoPage(c, rows) }
	a, err := app.Open(ctx, c, log, page)
	if errors.Is(err, syscall.EADDRINUSE) {
		c.Port = 0
		a, err = app.Open(ctx, c, log, page)
	}
	return a, err
}

func demoPage(c config.Config, rows *demo.Database) http.Handler {
	return demo.Handler(demo.Config{
		Mint: func(userID, username string) (string, error) {
			return token.Mint([]byte(c.JWTSecret), userID, username, demoToken)
		},
		Recent:     rows.Recent,
		SocketPath: c.SocketPath,
		Database:   strings.TrimPrefix(c.DatabaseURL.String(), "file:"),
	})
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails since Go 1.24
	return hex.EncodeToString(b)
}

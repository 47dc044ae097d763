package pglisten

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Config says how to connect.
type Config = pgx.ConnConfig

// Options say what is listened to. All functions are called by Listen's goroutine.
type Options struct {
	// Channels are names as pg_notify has them, of at most 63 bytes.
	Channels []string
	// Heard is told of each notification, and may ask the connection meanwhile. Its error ends the connection.
	Heard func(ctx context.Context, conn *pgx.Conn, n *pgconn.Notification) error
	// Payload is told of the text of each notification instead, where Heard is nil.
	Payload func(string)
	// Listening is called when all channels are listened to, and Lost when the connection is no more: what is notified is missed until
	// it is Listening again.
	Listening func()
	Lost      func(error)
}

// Times of the connection. One that is dead is noticed within the first two together.
const (
	checkEvery   = 2 * time.Second
	answerWithin = 2 * time.Second
	dialWithin   = 5 * time.Second
	retryAfter   = time.Second
)

// Listen tells of notifications until ctx ends, over one connection of its own, which it makes anew when it is lost. It can't be one
// of PgBouncer's that is shared by transactions.
func Listen(ctx context.Context, config *Config, o Options) {
	if o.Heard == nil {
		o.Heard = func(_ context.Context, _ *pgx.Conn, n *pgconn.Notification) error { o.Payload(n.Payload); return nil }
	}
	for ctx.Err() == nil {
		err := o.session(ctx, config)
		if ctx.Err() != nil {
			return
		}
		o.Lost(err)
		select { // servers that lost the same database don't come back at once
		case <-ctx.Done():
		case <-time.After(retryAfter + rand.N(retryAfter)):
		}
	}
}

func (o Options) session(ctx context.Context, config *Config) error {
	conn, err := connect(ctx, config)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.Background(), answerWithin)
		defer cancel()
		conn.Close(closing)
	}()
	for _, channel := range o.Channels {
		if err := exec(ctx, conn, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
	}
	o.Listening()
	for {
		n, err := wait(ctx, conn)
		switch {
		case err != nil:
			return err
		case n == nil:
			continue
		}
		if err := o.Heard(ctx, conn, n); err != nil {
			return err
		}
	}
}

func connect(ctx context.Context, config *Config) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	return pgx.ConnectConfig(ctx, config)
}

func exec(ctx context.Context, conn *pgx.Conn, sql string) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	_, err := conn.Exec(ctx, sql)
	return err
}

// wait returns the next notification, or nil after the connection has shown that it lives.
func wait(ctx context.Context, conn *pgx.Conn) (*pgconn.Notification, error) {
	some, cancel := context.WithTimeout(ctx, checkEvery)
	defer cancel()
	n, err := conn.WaitForNotification(some)
	switch {
	case err == nil:
		return n, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case conn.IsClosed() || !pgconn.Timeout(err):
		return nil, fmt.Errorf("wait: %w", err)
	}
	if err := exec(ctx, conn, "SELECT 1"); err != nil {
		return nil, fmt.Errorf("ask for a sign of life: %w", err)
	}
	return nil, nil
}

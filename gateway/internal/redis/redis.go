// Package redis connects to Redis as every part of the gateway needs it: with a deadline for each call, one connection so that
// what is sent in an order arrives in it, and no silent retries.
package redis

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/redis/rueidis"
)

// Deadlines of a connection. Whoever calls Redis has a deadline of its own besides, by its context.
const (
	// DialTimeout bounds a connection's making, and WriteTimeout how long an answer may be due before the connection counts as
	// dead and is made anew: a server that stands still must be noticed within the lease of a node (3 s).
	DialTimeout  = time.Second
	WriteTimeout = 2 * time.Second
	keepAlive    = time.Second
)

// Options are what is settled when the connection is made. Only URL must be set.
type Options struct {
	// URL is REDIS_URL as rueidis has it: redis://, rediss:// or unix://, with user, password and database;
	// ?addr= for further nodes of a cluster or further sentinels, ?master_set= for the name of the master that sentinels watch.
	URL string
	// Name is what CLIENT LIST on the server calls the connection. Empty is socketgate.
	Name string
}

// Parse reads the URL, and connects to nothing. Its error does not repeat the URL, in which the password is.
func Parse(o Options) (rueidis.ClientOption, error) {
	c, err := rueidis.ParseURL(withoutSlash(o.URL))
	if err != nil {
		return c, fmt.Errorf("read REDIS_URL: it is not as redis://user:password@host:6379/0, rediss://…, or unix:///path")
	}
	c.ClientName = o.Name
	if c.ClientName == "" {
		c.ClientName = "socketgate"
	}
	c.Dialer.Timeout, c.Dialer.KeepAlive = DialTimeout, keepAlive
	c.ConnWriteTimeout = WriteTimeout
	c.DisableRetry = true    // a caller with a deadline says itself what to do when Redis is away
	c.DisableCache = true    // nothing is read twice
	c.PipelineMultiplex = -1 // one connection: order
	c.ReadBufferEachConn, c.WriteBufferEachConn = 64<<10, 64<<10
	c.Sentinel.Dialer, c.Sentinel.TLSConfig = c.Dialer, c.TLSConfig
	return c, nil
}

// withoutSlash has redis://host/ be redis://host, which rueidis reads alone.
func withoutSlash(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Path != "/" {
		return text
	}
	u.Path = ""
	return u.String()
}

// Open connects. It fails when Redis can't be reached, with what to look at; later outages heal by themselves, and each command meanwhile
// returns an error within WriteTimeout or its context. The caller must Close.
func Open(ctx context.Context, o Options) (rueidis.Client, error) {
	option, err := Parse(o)
	if err != nil {
		return nil, err
	}
	client, err := rueidis.NewClient(option)
	if err != nil {
		return nil, fmt.Errorf("connect to Redis: %w", err)
	}
	if err := client.Do(ctx, client.B().Ping().Build()).Error(); err != nil {
		client.Close()
		return nil, fmt.Errorf("ask Redis for a sign of life: %w", err)
	}
	return client, nil
}

// Anew has the client's connection for commands be made anew: a name in the URL may lead to another server by now. What waits for an answer fails.
func Anew(client rueidis.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), DialTimeout)
	defer cancel()
	client.Do(ctx, client.B().Arbitrary("QUIT").Build())
}

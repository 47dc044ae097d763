package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/config"
)

// Options say how far to look.
type Options struct {
	// Command is what the program is called by where its other commands are named. Empty means socketgate.
	Command string
	// URL is where browsers reach the app: scheme://host[:port]. Empty means that only a start is tried.
	URL string
	// Origin is that of the pages, where they are not at URL, which then has the sockets only.
	Origin string
	// Quick leaves out the wait for a ping, which takes as long as the gateway's PING_INTERVAL.
	Quick bool
	// Token is one that the app has made, to see whether the gateway accepts it. May be empty.
	Token string
}

// Run reads the environment, tries everything and tells out step by step. The error counts the
// faults; without one a start would work and, with a URL, clients get through to the gateway. Every
// step has a deadline of its own; ctx ends all of them.
func Run(ctx context.Context, out io.Writer, o Options) error {
	page, err := pageOf("--url", o.URL)
	if err != nil {
		return err
	}
	origin, err := pageOf("--origin", o.Origin)
	if err != nil {
		return err
	}
	r := &report{out: out}
	c, err := config.Load(compose.Rules())
	s := start{report: r, config: c, command: cmp.Or(o.Command, "socketgate"), beside: page != nil}
	if err != nil && !errors.As(err, &s.faulty) {
		return err
	}
	s.variables()
	cookie := s.run(ctx, o.Token)
	if page != nil {
		fmt.Fprintf(out, "\nfrom outside, at %s\n\n", page)
		outside{r, c, page, origin, o.Quick, cookie}.run(ctx)
	}
	fmt.Fprintln(out)
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.verdict(page != nil)
}

// pageOf takes scheme and host of a flag's URL. It is nil without one.
func pageOf(flag, text string) (*url.URL, error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("%s should be where browsers find the app, such as https://app.example.com", flag)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

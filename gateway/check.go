package main

import (
	"context"
	"flag"
	"io"

	"github.com/socketgate/socketgate/gateway/internal/check"
)

// runCheck tries what a start needs, and what stands between it and the browsers.
func runCheck(ctx context.Context, name string, flags *flag.FlagSet, args []string, out io.Writer) error {
	o := check.Options{Command: name}
	flags.StringVar(&o.URL, "url", "", "where browsers find the app, such as https://app.example.com: tries the proxy from outside")
	flags.StringVar(&o.Origin, "origin", "", "with --url, where the pages come from if it has the sockets only")
	flags.BoolVar(&o.Quick, "quick", false, "with --url, don't wait for a ping")
	flags.StringVar(&o.Token, "token", "", "a token that the app has made (its cookie in the browser), to see whether it is accepted, and its user's messages are stored")
	if err := parse(flags, args); err != nil {
		return err
	}
	return check.Run(ctx, out, o)
}

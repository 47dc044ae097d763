package main

import (
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/config"
)

// mintToken prints a token signed with the JWT_SECRET of the environment, or else encrypted with its AUTH_SECRET.
func mintToken(flags *flag.FlagSet, args []string, out io.Writer) error {
	user := flags.String("user", "dev", "the user's id")
	name := flags.String("name", "", "the user's name (default: the id)")
	ttl := flags.Duration("ttl", time.Hour, "how long it is valid")
	if err := parse(flags, args); err != nil {
		return err
	}
	if *name == "" {
		*name = *user
	}
	c, err := config.LoadSecret()
	if err != nil {
		return err
	}
	minted, err := compose.Mint(c, *user, *name, *ttl)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, minted)
	return err
}

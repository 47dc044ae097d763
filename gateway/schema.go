package main

import (
	"flag"
	"io"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/outbox"
	"github.com/socketgate/socketgate/gateway/internal/saved"
	"github.com/socketgate/socketgate/gateway/internal/store"
)

// printSchema prints the SQL for an admin whose gateway may make no schema of its own.
func printSchema(flags *flag.FlagSet, args []string, out io.Writer) error {
	role := flags.String("role", "socketgate", "the database role of the gateway, which DATABASE_URL names")
	app := flags.String("app", "", "the database role of the web app, if it is to call socketgate.emit (SQL_EMIT)")
	if err := parse(flags, args); err != nil {
		return err
	}
	own := append(saved.Tables(), store.ClockObjects()...)
	grants := ""
	if *app != "" {
		own, grants = append(own, outbox.Objects()...), outbox.GrantApp(*app)
	}
	_, err := io.WriteString(out, database.OwnScript(*role, own...)+grants)
	return err
}

package main

import (
	"flag"
	"io"

	"github.com/socketgate/socketgate/gateway/internal/saved"
)

// printSchema prints the SQL for an admin whose gateway may make no schema of its own.
func printSchema(flags *flag.FlagSet, args []string, out io.Writer) error {
	role := flags.String("role", "socketgate", "the database role of the gateway, which DATABASE_URL names")
	if err := flags.Parse(args); err != nil {
		return err
	}
	_, err := io.WriteString(out, saved.Schema(*role))
	return err
}

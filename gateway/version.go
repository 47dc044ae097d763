package main

import (
	"flag"
	"fmt"
	"io"
	"runtime/debug"
)

// printVersion prints what the build says of itself: a tag or a commit, and the Go version.
func printVersion(flags *flag.FlagSet, args []string, out io.Writer) error {
	if err := parse(flags, args); err != nil {
		return err
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		_, err := fmt.Fprintln(out, "socketgate (built without version information)")
		return err
	}
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && version == "(devel)" {
			version = s.Value
		}
	}
	_, err := fmt.Fprintf(out, "socketgate %s %s\n", version, info.GoVersion)
	return err
}

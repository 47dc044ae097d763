package main

import (
	"fmt"
	"io"
	"runtime/debug"
)

// printVersion prints what the build says of itself: a tag or a commit, and the Go version.
func printVersion(out io.Writer) error {
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

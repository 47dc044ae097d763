package ops

import (
	"net/http"
	"net/http/pprof"
)

// ProfilesPath is the folder below which Profiles answers.
const ProfilesPath = "/debug/pprof/"

// Profiles serves the profiles of Go's runtime. They are for the operator's network only: a profile holds what is in memory.
func Profiles() http.Handler {
	mux := http.NewServeMux()
	for name, serve := range map[string]http.HandlerFunc{
		"": pprof.Index, "cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace,
	} {
		mux.HandleFunc("GET "+ProfilesPath+name, serve)
	}
	return mux
}

package attach

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// compare logs once which of the app's options are not as the gateway has them, which is what holds. mu is held.
func (h *Hub) compare(app appOptions) {
	said := strings.Join(h.options.Settings.differences(app), "; ")
	if said == h.differing {
		return
	}
	h.differing = said
	if said != "" {
		h.options.Logger.Warn("options of the app's Server are not what the gateway has, which owns the connections", "differences", said)
	}
}

// differences says of each option of the app that differs what the gateway has, and which variable changes it.
func (s Settings) differences(app appOptions) (all []string) {
	differ := func(option string, theirs, ours any, variable string) {
		all = append(all, fmt.Sprintf("%s is %v, here %s=%v", option, theirs, variable, ours))
	}
	if trim := func(path string) string { return strings.Trim(path, "/") }; app.Path != "" && trim(app.Path) != trim(s.Path) {
		differ("path", app.Path, s.Path, "SOCKET_PATH")
	}
	for _, one := range []struct {
		option   string
		theirs   int64
		ours     time.Duration
		variable string
	}{{"pingInterval", app.PingInterval, s.PingInterval, "PING_INTERVAL"}, {"pingTimeout", app.PingTimeout, s.PingTimeout, "PING_TIMEOUT"}} {
		if theirs := time.Duration(one.theirs) * time.Millisecond; one.theirs > 0 && theirs != one.ours {
			differ(one.option, theirs, one.ours, one.variable)
		}
	}
	if app.MaxHTTPBufferSize > 0 && app.MaxHTTPBufferSize != int64(s.MaxPayload) {
		differ("maxHttpBufferSize", app.MaxHTTPBufferSize, s.MaxPayload, "MAX_PAYLOAD")
	}
	if app.AllowEIO3 && !s.AllowEIO3 {
		differ("allowEIO3", app.AllowEIO3, s.AllowEIO3, "ALLOW_EIO3")
	}
	switch origins, listed := corsOrigins(app.CORS); {
	case len(origins) == 0 && !listed, s.allows(origins):
	case listed:
		differ("cors.origin", strings.Join(origins, ","), strings.Join(s.AllowedOrigins, ","), "ALLOWED_ORIGINS")
	default:
		all = append(all, "cors lets other origins in, here ALLOWED_ORIGINS says which")
	}
	return all
}

// allows tells whether ALLOWED_ORIGINS lets all of these in, "*" being every one.
func (s Settings) allows(origins []string) bool {
	allowed := func(origin string) bool {
		return slices.ContainsFunc(s.AllowedOrigins, func(ours string) bool {
			return ours == "*" || strings.EqualFold(strings.TrimSuffix(ours, "/"), strings.TrimSuffix(origin, "/"))
		})
	}
	return len(origins) > 0 && !slices.ContainsFunc(origins, func(origin string) bool { return !allowed(origin) })
}

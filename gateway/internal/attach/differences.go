package attach

import (
	"fmt"
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
	if cors := string(app.CORS); cors != "" && cors != "null" && cors != "false" {
		all = append(all, "cors is set: ALLOWED_ORIGINS here, not its origin, says which other origins may connect")
	}
	return all
}

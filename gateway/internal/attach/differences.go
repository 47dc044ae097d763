package attach

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// compare logs once which of the app's options are not as the gateway has them, which is what holds. mu is held.
func (h *Hub) compare(app appOptions) {
	said := strings.Join(append(h.options.Settings.differences(app), h.options.timeDifferences(app)...), "; ")
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
	if app.MaxHTTPBufferSize > 0 && app.MaxHTTPBufferSize != int64(s.MaxPayload) {
		differ("maxHttpBufferSize", app.MaxHTTPBufferSize, s.MaxPayload, "MAX_PAYLOAD")
	}
	if app.AllowEIO3 && !s.AllowEIO3 {
		differ("allowEIO3", app.AllowEIO3, s.AllowEIO3, "ALLOW_EIO3")
	}
	if wanted := pollingOf(app.Transports); wanted != "" && wanted != s.Polling {
		differ("transports", strings.Join(app.Transports, ","), s.Polling, "POLLING")
	}
	if slices.Contains(app.Transports, "webtransport") {
		all = append(all, "transports has webtransport, which is not served here")
	}
	if app.AllowUpgrades != nil && !*app.AllowUpgrades && s.Polling != noPolling {
		all = append(all, "allowUpgrades is false, here whoever begins with polling may go on to a WebSocket")
	}
	if len(app.Unused) > 0 {
		all = append(all, "without effect here: "+strings.Join(app.Unused, ", "))
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

// Values of POLLING that the app's transports come to.
const (
	noPolling   = "off"
	fullPolling = "full"
)

// pollingOf is what POLLING has to be for clients to be served by these transports alone, empty where any will do.
func pollingOf(transports []string) string {
	switch socket, poll := slices.Contains(transports, webSocket), slices.Contains(transports, polling); {
	case socket && !poll:
		return noPolling
	case poll && !socket:
		return fullPolling
	}
	return ""
}

// timeDifferences is differences for times. A client's time to be let in by a namespace is counted in both places: the shorter holds.
func (o *Options) timeDifferences(app appOptions) (all []string) {
	for _, one := range []struct {
		option       string
		theirs       int64
		ours         time.Duration
		variable     string
		shorterHolds bool
	}{
		{"pingInterval", app.PingInterval, o.PingInterval, "PING_INTERVAL", false},
		{"pingTimeout", app.PingTimeout, o.PingTimeout, "PING_TIMEOUT", false},
		{"connectTimeout", app.ConnectTimeout, o.ConnectTimeout, "CONNECT_TIMEOUT", true},
		{"upgradeTimeout", app.UpgradeTimeout, engineio.UpgradeTimeout, "", false},
	} {
		theirs := time.Duration(one.theirs) * time.Millisecond
		switch {
		case one.theirs <= 0, theirs == one.ours, one.shorterHolds && theirs < one.ours:
		case one.variable == "":
			all = append(all, fmt.Sprintf("%s is %v, here always %v", one.option, theirs, one.ours))
		default:
			all = append(all, fmt.Sprintf("%s is %v, here %s=%v", one.option, theirs, one.variable, one.ours))
		}
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

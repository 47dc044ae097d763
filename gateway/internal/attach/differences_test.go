package attach

import (
	"strings"
	"testing"
)

func TestLogNamesThePOLLINGThatTheTransportsOfTheAppNeed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ transports, polling, want string }{
		{"", "upgrade", ""},
		{"polling,websocket", "off", ""},
		{"websocket", "upgrade", "transports is websocket, here POLLING=upgrade"},
		{"websocket", "off", ""},
		{"polling", "upgrade", "transports is polling, here POLLING=upgrade"},
		{"polling", "full", ""},
		{"webtransport", "full", "transports has webtransport, which is not served here"},
	} {
		var app appOptions
		if test.transports != "" {
			app.Transports = strings.Split(test.transports, ",")
		}
		if got := strings.Join(Settings{Polling: test.polling}.differences(app), "; "); got != test.want {
			t.Errorf("%s with POLLING=%s: got %q, want %q", test.transports, test.polling, got, test.want)
		}
	}
}

package chat

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/logtest"
)

func TestFieldsThatTheAppDoesNotListReachNobody(t *testing.T) {
	t.Parallel()
	var log logtest.Log
	h := serve(t, &memory{}, func(o *Options) {
		o.ClientFields = []string{"tempId"}
		o.Relays = []Relay{{Event: "typing"}}
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	ann, bob := h.visit("u1", time.Hour), h.visit("u2", time.Hour)
	for _, v := range []*visitor{ann, bob} {
		v.ask("join_room", `"r"`)
	}
	for range 2 {
		ann.ask("send_message", `{"roomId":"r","text":"hi","tempId":"t1","isAdmin":true,"html":"<b>","meta":{"__proto__":{"x":1}}}`)
	}
	ann.ask("typing", `{"roomId":"r","tempId":"t2","badge":"staff","html":"<b>"}`)
	for _, event := range []string{"receive_message", "typing"} {
		packet := bob.await(`42["` + event)
		if !strings.Contains(packet, `"tempId":"t`) {
			t.Errorf("what is listed was left out: %s", packet)
		}
		for _, key := range []string{"isAdmin", "html", "meta", "badge", "__proto__"} {
			if strings.Contains(packet, key) {
				t.Errorf("told: %s", packet)
			}
		}
	}
	for _, key := range []string{"isAdmin", "html", "meta", "badge"} {
		if n := strings.Count(log.String(), "CLIENT_FIELDS\" field="+key); n != 1 {
			t.Errorf("the log names %s %d times", key, n)
		}
	}
}

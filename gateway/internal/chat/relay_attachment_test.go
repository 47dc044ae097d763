package chat

import (
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// An attachment in the place of the object has a form that can't be added to.
func TestRelayOfABareAttachmentIsRefused(t *testing.T) {
	t.Parallel()
	ann := serve(t, &memory{}, relaying).visit("ann", time.Hour)
	ann.ask("join_room", `"r"`)
	ann.say(`451-9["typing",{"_placeholder":true,"num":0}]`)
	if err := wsutil.WriteClientMessage(ann.conn, ws.OpBinary, []byte("abc")); err != nil {
		t.Fatal(err)
	}
	if got := ann.await("439"); !strings.Contains(got, `"bad_request"`) {
		t.Errorf("ack %s", got)
	}
}

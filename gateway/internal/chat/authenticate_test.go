package chat

import (
	"strings"
	"testing"
	"time"
)

func TestExpiredTokenEndsTheConnectionWithoutDisconnect(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, nil)
	v := h.visit("u1", time.Second)
	for {
		packet, err := v.Next()
		if err != nil {
			break
		}
		if strings.HasPrefix(packet, "41") {
			t.Fatal("got a DISCONNECT: the client would not come back")
		}
	}
	if got := <-h.tally.closed; got != TokenExpired {
		t.Errorf("closed for %q, want %q", got, TokenExpired)
	}
}

func TestBadTokenGetsAuthenticationErrorAndTheEnd(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, nil)
	v := h.dial(`{"token":"a.b.c"}`)
	if got := v.await("44"); got != `44{"message":"Authentication error"}` {
		t.Errorf("got %s", got)
	}
	if packet, err := v.Next(); err == nil {
		t.Errorf("the connection goes on with %q", packet)
	}
}

package chat

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

func TestExpiredTokenEndsTheConnectionWithoutDisconnect(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, nil)
	v := h.visit("u1", time.Second)
	for {
		packet, err := v.next()
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
	if packet, err := v.next(); err == nil {
		t.Errorf("the connection goes on with %q", packet)
	}
}

func TestACookieThatWasGoodAtTheHandshakeIsNotVerifiedTwice(t *testing.T) {
	t.Parallel()
	asked := 0
	authenticator, err := token.NewAuthenticator(token.Options{Cookie: "token", Sessions: func(context.Context, string) (token.Claims, error) {
		asked++
		return token.Claims{UserID: "u1", Username: "Ann"}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := &Chat{options: Options{Authenticator: authenticator}, ctx: t.Context()}
	header := http.Header{"Cookie": {"token=session"}}
	for name, test := range map[string]struct {
		identity any
		lookups  int
	}{
		"known":                   {token.Claims{UserID: "u1", Expires: time.Now().Add(time.Minute)}, 0},
		"known without an end":    {token.Claims{UserID: "u1"}, 0},
		"known, and expired then": {token.Claims{UserID: "u1", Expires: time.Now().Add(-time.Second)}, 1},
		"unknown":                 {nil, 1},
	} {
		asked = 0
		s := &socketio.Socket{}
		h := &socketio.Handshake{Header: header, Identity: test.identity}
		if err := c.authenticate(s, h); err != nil || h.User != "u1" || asked != test.lookups {
			t.Errorf("%s: %v, user %q, looked up %d times, want %d", name, err, h.User, asked, test.lookups)
		}
	}
}

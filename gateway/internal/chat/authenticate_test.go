package chat

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/logtest"
	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

func TestExpiredTokenEndsTheConnectionWithoutDisconnect(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, nil)
	v := h.visit("u1", 3*time.Second) // of which connecting takes some
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

// A token without a name gets the one that the app's database has; nobody is kept out because it has none, or is away.
func TestRoomsAreToldTheNameOfTheDatabaseOrTheIDAndNeverAnAddress(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) {
		o.Name = func(_ context.Context, userID string) (string, error) {
			switch userID {
			case "u1":
				return "Ann", nil
			case "u2":
				return "", nil
			}
			return "", errors.New("away")
		}
	})
	for id, want := range map[string]string{"u1": "Ann", "u2": "u2", "u3": "u3"} {
		tok, err := token.Mint([]byte(secret), id, id+"@example.com", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		v := h.dial(`{"token":"` + tok + `"}`)
		v.await(`40{"sid":"`)
		v.ask("join_room", `"`+id+`"`)
		v.say(`42["send_message",{"roomId":"` + id + `","text":"hi","sender":"x","user":{"email":"` + id + `@example.com"},"email":"` + id + `@example.com"}]`)
		packet := v.await(`42["receive_message`)
		if strings.Contains(packet, "@") || !strings.Contains(packet, `"user":{"username":"`+want+`"}`) {
			t.Errorf("%s: told %s", id, packet)
		}
	}
	named := h.visit("u1", time.Hour) // the token's own name counts
	named.ask("join_room", `"r"`)
	named.say(`42["send_message",{"roomId":"r","text":"hi"}]`)
	if packet := named.await(`42["receive_message`); !strings.Contains(packet, "Name of u1") {
		t.Errorf("told %s", packet)
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

// What a failed login says to the log is all that its people's operator has.
func TestAFailedLoginNamesWhatToSetAndWhereATokenWasSeen(t *testing.T) {
	t.Parallel()
	other, err := token.Mint([]byte("another secret, as long as it has to be"), "ann", "Ann", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for auth, want := range map[string]string{
		`{"jwt":"` + other + `"}`:   "TOKEN_SOURCES further places, such as those that are seen\" seen=[auth.jwt]",
		`{"token":"` + other + `"}`: "mend=\"JWT_SECRET,",
		`{"token":"opaque"}`:        "mend=\"what came is no JWT",
		`{}`:                        "seen=[]",
	} {
		var log logtest.Log
		h := serve(t, &memory{}, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		if _, err := h.dial(auth).Await("never"); err == nil {
			t.Error("it is connected")
		}
		if said := log.String(); !strings.Contains(said, want) || strings.Contains(said, other) {
			t.Errorf("%.30s: logged %s", auth, said)
		}
	}
}

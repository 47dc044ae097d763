package chat

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/token"
)

// Who had been found good, and was not connected yet, kept an ended login until the next ACCESS_RECHECK.
func TestALoginThatEndsWhileItIsConnectingEnds(t *testing.T) {
	t.Parallel()
	for what, end := range map[string]func(h *host, logins *ledger){
		"revoked": func(h *host, logins *ledger) {
			logins.set([]string{"ann"}, nil)
			h.chat.Revoke([]string{"ann"})
		},
		"another one found": func(h *host, logins *ledger) {
			logins.set([]string{"ann"}, nil)
			h.chat.EndLogins(map[string][]string{"ann": {"another's"}})
		},
		"disconnected": func(h *host, _ *ledger) { h.chat.DisconnectUsers("ann") },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			logins, asked, answer := &ledger{}, make(chan struct{}), make(chan struct{})
			h := serve(t, &memory{}, func(o *Options) {
				o.Logins, o.Recheck = logins, time.Hour
				o.Name = func(_ context.Context, user string) (string, error) {
					if user == "ann" {
						asked <- struct{}{}
						<-answer
					}
					return user, nil
				}
			})
			bob := h.visit("bob", time.Hour)
			ann := h.nameless("ann")
			<-asked
			end(h, logins)
			close(answer)
			if _, err := ann.Await("never"); err == nil {
				t.Error("it is connected")
			}
			if got := bob.ask("join_room", `"r"`); got["ok"] != true {
				t.Errorf("somebody else: %v", got)
			}
		})
	}
}

func TestWhoComesBackAfterItWasDisconnectedIsLetIn(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { o.Logins, o.Recheck = &ledger{}, time.Hour })
	ann := h.visit("ann", time.Hour)
	h.chat.DisconnectUsers("ann")
	ann.await("41")
	if _, err := ann.Await("never"); err == nil {
		t.Error("it is connected")
	}
	if got := h.visit("ann", time.Hour).ask("join_room", `"r"`); got["ok"] != true {
		t.Errorf("%v", got)
	}
}

func TestEndingsOfManyUsersAreBounded(t *testing.T) {
	t.Parallel()
	var e endings
	for i := range endingsUsers + 1 {
		e.note(fmt.Sprint(i), "d")
	}
	if len(e.recent) != endingsUsers || !e.of("nobody").asks {
		t.Errorf("%d are kept; whoever connects is asked about: %v", len(e.recent), e.of("nobody").asks)
	}
	for i := range endingsOfUser + 1 {
		e.note("1", fmt.Sprint(i))
	}
	if one := e.of("1"); len(one.digests) != endingsOfUser || !one.asks {
		t.Errorf("%d are kept of one user; asked: %v", len(one.digests), one.asks)
	}
}

// nameless is visit up to CONNECT, with a token that has no name.
func (h *host) nameless(user string) *visitor {
	h.t.Helper()
	tok, err := token.Mint([]byte(secret), user, "", time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.dial(`{"token":"` + tok + `"}`)
}

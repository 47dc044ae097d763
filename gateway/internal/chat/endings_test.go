package chat

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/socketio"
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
		"disconnected": func(h *host, _ *ledger) { h.chat.disconnectUsers("ann") },
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

// slowLedger knows the end of a login, and is slow to say so: its answer waits, and is as it was when the question came.
type slowLedger struct {
	ledger
	asked  chan struct{} // that the first question with an ended login has come
	answer chan struct{}
	first  sync.Once
}

func (l *slowLedger) Ended(ctx context.Context, logins []token.Login) ([]bool, error) {
	ended, err := l.ledger.Ended(ctx, logins)
	if slices.Contains(ended, true) {
		l.first.Do(func() {
			close(l.asked)
			<-l.answer
		})
	}
	return ended, err
}

// It was found good before the question, was not among those that the question is about, and found nothing noted when it came.
func TestALoginThatConnectsWhileItIsFoundEndedEnds(t *testing.T) {
	t.Parallel()
	logins := &slowLedger{asked: make(chan struct{}), answer: make(chan struct{})}
	h := serve(t, &memory{}, func(o *Options) { o.Logins, o.Recheck = logins, time.Minute })
	tok := h.mint("ann", time.Hour)
	ann, bob := h.enter(tok), h.visit("bob", time.Hour)
	logins.set([]string{"ann"}, nil)
	r := &recheck{chat: h.chat}
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		h.chat.namespace.Each(func(s *socketio.Socket) {
			if m := s.Data.(*member); m.ID == "ann" {
				r.add(s, m)
			}
		})
		r.ask()
	}()
	<-logins.asked
	tab := h.enter(tok)
	close(logins.answer)
	<-asked
	for _, v := range []*visitor{ann, tab} {
		if _, err := v.Await("never"); err == nil {
			t.Error("a connection of the login is left")
		}
	}
	if got := bob.ask("join_room", `"r"`); got["ok"] != true {
		t.Errorf("somebody else: %v", got)
	}
}

func TestWhoComesBackAfterItWasDisconnectedIsLetIn(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { o.Logins, o.Recheck = &ledger{}, time.Hour })
	ann := h.visit("ann", time.Hour)
	h.chat.disconnectUsers("ann")
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

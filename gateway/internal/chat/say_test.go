package chat

import (
	"context"
	"encoding/json"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// spoken is a chat that the web app speaks to.
func spoken(t *testing.T, store Store, change func(*Options)) *host {
	t.Helper()
	return serve(t, store, func(o *Options) {
		o.WebApp, o.Multi = true, true
		if change != nil {
			change(o)
		}
	})
}

func (h *host) say(s Speech) contract.Answer {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return h.chat.Say(ctx, s)
}

func speech(user, payload string) Speech {
	return Speech{User: user, Message: json.RawMessage(payload)}
}

func args(list ...string) (all []json.RawMessage) {
	for _, arg := range list {
		all = append(all, json.RawMessage(arg))
	}
	return all
}

func TestAppsMessageGoesTheWayOfAClients(t *testing.T) {
	t.Parallel()
	store := &memory{}
	h := spoken(t, store, func(o *Options) {
		o.Name = func(context.Context, string) (string, error) { return "Ann", nil }
	})
	bob := h.visit("bob", time.Hour)
	bob.ask("join_room", `"r"`)
	answer, ok := h.say(speech("ann", `{"roomId":"r","content":"hi","sender":"eve","role":"admin","__proto__":{"a":1}}`)).(contract.Success)
	if !ok {
		t.Fatalf("%v", answer)
	}
	const want = `"sender":"Ann","text":"hi","id":"m1","userId":"ann","createdAt":"2026-01-02T03:04:05.006Z","user":{"username":"Ann"}}`
	if heard := bob.await(`42["receive_message"`); !strings.Contains(heard, want) || strings.Contains(heard, "admin") || strings.Contains(heard, "proto") {
		t.Errorf("bob hears %s, want %s", heard, want)
	}
	if !strings.Contains(string(answer.Message), want) {
		t.Errorf("the app hears %s", answer.Message)
	}
	if got := store.saved; len(got) != 1 || got[0].User != "ann" || got[0].Room != "r" || got[0].Text != "hi" {
		t.Errorf("stored %+v", got)
	}
}

func TestWhatComesTwiceUnderOneKeyIsOneMessage(t *testing.T) {
	t.Parallel()
	store := &memory{slow: true}
	h := spoken(t, store, nil)
	ann := h.visit("ann", time.Hour)
	ann.ask("join_room", `"r"`)
	said := speech("ann", `{"roomId":"r","text":"hi"}`)
	said.Key = "k1"
	var both sync.WaitGroup
	answers := make([]contract.Answer, 2)
	for i := range answers {
		both.Go(func() { answers[i] = h.say(said) })
	}
	for began := time.Now(); time.Since(began) < patience; { // until both wait for the one commit
		h.chat.resends.mu.Lock()
		waiting := h.chat.resends.queue.Front() != nil && len(h.chat.resends.queue.Front().Value.(*sent).attached) == 1
		h.chat.resends.mu.Unlock()
		if waiting {
			break
		}
		runtime.Gosched()
	}
	store.commit(nil)
	both.Wait()
	again := h.say(said)
	for _, a := range append(answers, again) {
		if _, ok := a.(contract.Success); !ok {
			t.Errorf("%v", a)
		}
	}
	said.Key = "k2"
	h.say(said)
	if got := store.texts(); len(got) != 2 {
		t.Errorf("stored %q", got)
	}
	ann.ask("send_message", `{"roomId":"r","text":"over the socket","tempId":"t1"}`)
	h.say(speech("ann", `{"roomId":"r","text":"over the socket","tempId":"t1"}`))
	if got := store.texts(); len(got) != 3 {
		t.Errorf("what the socket has sent is stored again: %q", got)
	}
}

func TestAppIsToldWhyAMessageIsNotSent(t *testing.T) {
	t.Parallel()
	store := &memory{}
	h := spoken(t, store, func(o *Options) { o.MaxText, o.MaxEvent = 100, 4000 })
	ann := h.visit("ann", time.Hour)
	sid := strings.Split(ann.session, `"`)[3]
	for payload, want := range map[string]contract.Code{
		``:                           contract.BadRequest,
		`"hi"`:                       contract.BadRequest,
		`{"text":"hi"}`:              contract.BadRequest,
		`{"roomId":"r"}`:             contract.BadRequest,
		`{"roomId":"r","text":" "}`:  contract.BadRequest,
		`{"roomId":["r"],"text":""}`: contract.BadRequest,
		`{"roomId":"` + "\\u0000user\\u0000ann" + `","text":"hi"}`:              contract.BadRequest,
		`{"roomId":"` + sid + `","text":"hi"}`:                                  contract.Forbidden,
		`{"roomId":"r","text":"` + strings.Repeat("a", 101) + `"}`:              contract.TooLarge,
		`{"roomId":"r","text":"hi","more":"` + strings.Repeat("a", 4000) + `"}`: contract.TooLarge,
	} {
		if got := h.say(speech("ann", payload)); got.Outcome() != string(want) {
			t.Errorf("%.80s: %s, want %s", payload, got.Outcome(), want)
		}
	}
	if got := h.say(speech("", `{"roomId":"r","text":"hi"}`)); got != nobodySays {
		t.Errorf("of nobody: %v", got)
	}
	store.set(func() { store.fail = message.ErrRejected })
	if got := h.say(speech("nobody", `{"roomId":"r","text":"hi"}`)); got.Outcome() != string(contract.BadRequest) {
		t.Errorf("refused by the database: %v", got)
	}
	if got := store.texts(); len(got) != 0 {
		t.Errorf("stored %q", got)
	}
}

func TestSystemSpeaksAsTheUserThatIsSetForIt(t *testing.T) {
	t.Parallel()
	store := &memory{}
	h := spoken(t, store, func(o *Options) { o.SystemUser = "bot" })
	answer, _ := h.say(Speech{Username: "Support", Message: json.RawMessage(`{"roomId":"r","text":"hi","senderId":1}`)}).(contract.Success)
	if got := string(answer.Message); !strings.Contains(got, `"senderId":"bot"`) || !strings.Contains(got, `"user":{"username":"Support"}`) || store.saved[0].User != "bot" {
		t.Errorf("%s", got)
	}
}

func TestAppThatDoesNotWaitForACommitIsToldSo(t *testing.T) {
	t.Parallel()
	store := &memory{slow: true}
	h := spoken(t, store, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if got := h.chat.Say(ctx, speech("ann", `{"roomId":"r","text":"hi"}`)); got != noAnswer {
		t.Errorf("%v", got)
	}
	store.commit(nil)
}

func TestEmitReachesWhomItMeansAndNobodyElse(t *testing.T) {
	t.Parallel()
	h := spoken(t, &memory{}, nil)
	ann, phone, bob := h.visit("ann", time.Hour), h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	ann.ask("join_room", `"r"`)
	bob.ask("join_room", `"r"`)
	sid := strings.Split(ann.session, `"`)[3]
	for _, c := range []struct {
		emit            Emit
		ann, phone, bob int
	}{
		{Emit{To: Whom{Rooms: []string{"r"}}}, 1, 0, 1},
		{Emit{To: Whom{Users: []string{"ann"}}}, 1, 1, 0},
		{Emit{To: Whom{Sockets: []string{sid}}}, 1, 0, 0},
		{Emit{To: Whom{Rooms: []string{"r"}, Users: []string{"ann"}, Sockets: []string{sid}}}, 1, 1, 1},
		{Emit{All: true}, 1, 1, 1},
		{Emit{All: true, Except: Whom{Users: []string{"ann"}}}, 0, 0, 1},
		{Emit{All: true, Except: Whom{Rooms: []string{"r"}}}, 0, 1, 0},
		{Emit{To: Whom{Users: []string{"ann"}}, Except: Whom{Sockets: []string{sid}}}, 0, 1, 0},
		{Emit{To: Whom{Users: []string{"nobody"}}}, 0, 0, 0},
	} {
		c.emit.Event, c.emit.Args = "news", args(`{"a":[1, "<b>"]}`, `null`)
		if got := h.chat.Emit(c.emit); got.Outcome() != "ok" {
			t.Fatalf("%+v: %v", c.emit, got)
		}
		h.chat.Emit(Emit{Event: "end", All: true})
		for who, v := range map[*visitor]int{ann: c.ann, phone: c.phone, bob: c.bob} {
			if n := who.count(`42["news",{"a":[1, "<b>"]},null]`, `42["end"]`); n != v {
				t.Errorf("%+v: heard %d times, want %d", c.emit, n, v)
			}
		}
	}
}

func TestEmitThatMeansNobodyOrMayNotBeToldIsRefused(t *testing.T) {
	t.Parallel()
	h := spoken(t, &memory{}, func(o *Options) { o.MaxEvent = 100 })
	ann := h.visit("ann", time.Hour)
	room := Whom{Rooms: []string{"r"}}
	for _, c := range []struct {
		emit Emit
		want contract.Code
	}{
		{Emit{Event: "x"}, contract.BadRequest},
		{Emit{Event: "x", To: Whom{Rooms: []string{}}}, contract.BadRequest},
		{Emit{Event: "x", To: room, All: true}, contract.BadRequest},
		{Emit{Event: "", To: room}, contract.BadRequest},
		{Emit{Event: "disconnect", To: room}, contract.BadRequest},
		{Emit{Event: "x", To: Whom{Rooms: []string{""}}}, contract.BadRequest},
		{Emit{Event: "x", To: Whom{Rooms: []string{contract.PersonalRoom("ann")}}}, contract.BadRequest},
		{Emit{Event: "x", All: true, Except: Whom{Users: []string{strings.Repeat("u", 257)}}}, contract.BadRequest},
		{Emit{Event: "x", To: Whom{Users: make([]string, maxNames+1)}}, contract.BadRequest},
		{Emit{Event: "x", All: true, Args: args(`"` + strings.Repeat("a", 100) + `"`)}, contract.TooLarge},
	} {
		if got := h.chat.Emit(c.emit); got.Outcome() != string(c.want) {
			t.Errorf("%.100v: %v, want %s", c.emit, got, c.want)
		}
	}
	h.chat.Emit(Emit{Event: "end", All: true})
	if n := ann.count(`"x"`, `42["end"]`); n != 0 {
		t.Errorf("%d were told", n)
	}
}

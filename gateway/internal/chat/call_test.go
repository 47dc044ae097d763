package chat

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/engineio"
)

func calling(o *Options) {
	o.Relays = []Relay{{Event: "call-user", As: "incoming-call", To: ToUser}, {Event: "typing", To: ToUser}, {Event: "hand-up"}}
}

func signalling(o *Options) {
	o.Relays = []Relay{{Event: "signal", To: ToSocket}, {Event: "returning", To: ToSocket, Key: "callerID"}, {Event: "ready", As: "user-joined"}}
}

// sid is the id of a visitor's socket.
func (v *visitor) sid() string {
	var session struct{ Sid string }
	if err := json.Unmarshal([]byte(v.session[2:]), &session); err != nil {
		v.t.Fatal(err)
	}
	return session.Sid
}

func TestACallReachesEveryTabOfTheUserAndNobodyElse(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, calling)
	ann, other, bob, tab, eve := h.visit("ann", time.Hour), h.visit("ann", time.Hour), h.visit("bob", time.Hour), h.visit("bob", time.Hour), h.visit("eve", time.Hour)
	for _, v := range []*visitor{ann, other, bob, eve} {
		v.ask("join_room", `"r"`)
	}
	if got := ann.ask("call-user", `{"to":"bob","from":"boss","callerName":"Boss","name":"Boss","roomId":"x","offer":{"sdp":"v=0"}}`); got["ok"] != true {
		t.Fatal(got)
	}
	const want = `42["incoming-call",{"to":"bob","from":"ann","callerName":"Name of ann","name":"Name of ann","roomId":"x","offer":{"sdp":"v=0"},"userId":"ann","username":"Name of ann"}]`
	for _, v := range []*visitor{bob, tab} { // the tab is in no room
		if got := v.await(`42["incoming-call"`); got != want {
			t.Errorf("heard %s\nwant  %s", got, want)
		}
	}
	ann.say(`42["call-user",{"to":"ann"}]`) // one's other tabs
	if got := other.await(`42["incoming-call"`); !strings.Contains(got, `"from":"ann"`) {
		t.Error(got)
	}
	for name, v := range map[string]*visitor{"ann": ann, "eve": eve} {
		v.say(`421["leave_room","none"]`)
		if n := v.count("incoming-call", "431"); n != 0 {
			t.Errorf("%s hears %d calls", name, n)
		}
	}
}

func TestStrangersAreNotRungUnlessTheAppLetsThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Options)
		code   any
	}{
		"nobody says who may":    {calling, "not_connected"},
		"RELAY_ANYONE":           {func(o *Options) { calling(o); o.RelayAnyone = true }, nil},
		"messages go to persons": {func(o *Options) { direct(o); calling(o) }, nil},
	} {
		h := serve(t, &memory{}, c.change)
		ann, bob := h.visit("ann", time.Hour), h.visit("bob", time.Hour)
		bob.ask("join_room", `"elsewhere"`)
		if got := ann.ask("call-user", `{"to":"bob"}`); got["code"] != c.code {
			t.Errorf("%s: %v", name, got)
		}
		if got := ann.ask("call-user", `{"to":"nobody"}`); got["code"] != "not_connected" {
			t.Errorf("%s, to somebody who is away: %v", name, got)
		}
	}
}

// An app shows errors to people: who types to somebody who has gone gets none.
func TestWhoWantsNoAckIsNotToldThatNobodyIsThere(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, calling)
	ann := h.visit("ann", time.Hour)
	ann.say(`42["typing",{"to":"bob"}]`)
	ann.say(`421["leave_room","none"]`)
	if n := ann.count(`"error"`, "431"); n != 0 || h.tally.of("typing not_connected") != 1 {
		t.Errorf("%d errors, counted %d", n, h.tally.of("typing not_connected"))
	}
}

func TestASignalReachesOneSocketAlone(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, signalling)
	ann, tab, bob := h.visit("ann", time.Hour), h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	a, b := ann.sid(), bob.sid()
	for _, v := range []*visitor{ann, tab, bob} {
		v.ask("join_room", `"r"`)
	}
	bob.ask("ready", `{"roomId":"r","socketId":"forged"}`)
	if got := ann.await(`42["user-joined"`); got != `42["user-joined",{"roomId":"r","socketId":"`+b+`","userId":"bob","username":"Name of bob"}]` {
		t.Error(got)
	}
	ann.ask("signal", `{"to":"`+b+`","from":"`+a+`","callerID":"`+a+`","sender":"forged","signal":{"type":"offer"}}`)
	const by = `"userId":"ann","username":"Name of ann"`
	if got := bob.await(`42["signal"`); got != `42["signal",{"to":"`+b+`","from":"`+a+`","callerID":"`+a+`","sender":"Name of ann","signal":{"type":"offer"},`+by+`,"socketId":"`+a+`"}]` {
		t.Error(got)
	}
	bob.ask("returning", `{"callerID":"`+a+`","to":"`+tab.sid()+`"}`) // the key that the app names counts
	if got := ann.await(`42["returning"`); !strings.Contains(got, `"from":"`+b+`"`) {
		t.Error(got)
	}
	tab.say(`421["leave_room","none"]`)
	if n := tab.count(`["returning"`, "431"); n != 0 {
		t.Error("another socket hears it too")
	}
}

// What a client says is never taken for the name of a room.
func TestACallNamesNoRoom(t *testing.T) {
	t.Parallel()
	looksLikeASocket := engineio.NewID()
	for name, gateways := range map[string]Gateways{"alone": nil, "one of several": &twin{other: new(*host)}} {
		h := serve(t, &memory{}, func(o *Options) {
			signalling(o)
			calling := []Relay{{Event: "call-user", To: ToUser}}
			o.Relays, o.RelayAnyone, o.Gateways, o.PersonalRoom = append(o.Relays, calling...), true, gateways, "user:$user"
		})
		bob, eve := h.visit("bob", time.Hour), h.visit("eve", time.Hour)
		bob.ask("join_room", `"secret"`)
		bob.ask("join_room", `"`+looksLikeASocket+`"`)
		for _, to := range []string{"secret", "user:bob", contract.PersonalRoom("bob"), looksLikeASocket + "x", "", "/"} {
			for _, event := range []string{"signal", "call-user"} {
				said, _ := json.Marshal(map[string]string{"to": to})
				eve.say(`42["` + event + `",` + string(said) + `]`)
			}
		}
		if gateways == nil { // alone, a room may have such a name
			if got := eve.ask("signal", `{"to":"`+looksLikeASocket+`"}`); got["code"] != "not_connected" {
				t.Errorf("%s: %v", name, got)
			}
		}
		eve.ask("leave_room", `"none"`)
		bob.say(`421["leave_room","none"]`)
		if n := bob.count(`"from"`, "431"); n != 0 {
			t.Errorf("%s: bob hears %d", name, n)
		}
	}
}

func TestAllCandidatesOfACallPassAtOnceAndAFloodDoesNot(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { calling(o); o.RelayAnyone, o.RelayRate = true, 10 })
	ann := h.visit("ann", time.Hour)
	h.visit("bob", time.Hour)
	began := time.Now()
	passed := ann.askAll("typing", `{"to":"bob","candidate":"c"}`, 200, "")
	if most := 80 + 40*(1+int(time.Since(began).Seconds())); passed < 80 || passed > most {
		t.Errorf("%d of 200 passed, want at most %d", passed, most)
	}
}

func TestACallOfABareAttachmentIsRefused(t *testing.T) {
	t.Parallel()
	ann := serve(t, &memory{}, calling).visit("ann", time.Hour)
	ann.say(`451-9["call-user",{"_placeholder":true,"num":0}]`)
	if err := ann.SayBinary([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	if got := ann.await("439"); !strings.Contains(got, `"bad_request"`) {
		t.Errorf("ack %s", got)
	}
}

// A socket that takes up its session has its user's room again, and its id.
func TestWhoComesBackIsReachedAsBefore(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) {
		calling(o)
		o.Relays = append(o.Relays, Relay{Event: "signal", To: ToSocket})
		o.RelayAnyone, o.Recovers = true, true
	})
	ann, bob := h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	bob.ask("join_room", `"r"`)
	bob.Close()
	<-h.tally.closed
	if got := ann.ask("signal", `{"to":"`+bob.sid()+`"}`); got["code"] != "not_connected" {
		t.Errorf("while he is away: %v", got)
	}
	again := h.returns(bob, "bob", "")
	for event, to := range map[string]string{"call-user": "bob", "signal": bob.sid()} {
		if got := ann.ask(event, `{"to":"`+to+`"}`); got["ok"] != true {
			t.Errorf("%s: %v", event, got)
		}
		again.await(`42["`)
	}
}

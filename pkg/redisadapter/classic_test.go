package redisadapter

import (
	"encoding/json"
	"testing"

	"github.com/socketgate/socketgate/pkg/socketio"
)

func TestArgumentsThatWereHeardAreApart(t *testing.T) {
	t.Parallel()
	args := []json.RawMessage{json.RawMessage(`{"text":"zwölf \" \n €"}`), json.RawMessage(`[1,"two",null]`), json.RawMessage(`"\b\f\u0001\u2028"`)}
	sender, hearer := newClassic("p"), newClassic("p")
	channel, payload, err := sender.encode("/", &message{kind: broadcast, to: socketio.Target{Rooms: []string{"r"}}, event: "e", args: args})
	if err != nil {
		t.Fatal(err)
	}
	m, err := hearer.decode("/", channel, payload)
	if err != nil || len(m.args) != len(args) {
		t.Fatalf("heard %s, %v", m.args, err)
	}
	for _, heard := range m.args {
		_ = append(heard, "overwritten"...) // as whoever gets it may
	}
	for i, heard := range m.args {
		if string(heard) != string(args[i]) {
			t.Errorf("argument %d is %s, want %s", i, heard, args[i])
		}
	}
}

func TestAChannelIsThatOfItsNamespaceAndKindAlone(t *testing.T) {
	t.Parallel()
	c := newClassic("p")
	for channel, want := range map[string]struct {
		room   string
		glance bool
		answer bool
	}{
		c.broadcasts("/a") + "room#": {"room", true, false},
		c.broadcasts("/a"):           {"", true, false},
		c.broadcasts("/ab") + "room": {},
		c.broadcasts("/") + "a#":     {},
		c.requests("/a"):             {},
		c.responses("/a"):            {"", false, true},
		c.own("/a"):                  {"", false, true},
		c.responses("/ab"):           {},
		"p":                          {},
		"":                           {},
		"px#/a#room#":                {},
	} {
		payload := append(append([]byte("..."), orderHead...), order{2, 1}.bytes()...)
		room, o := c.glance("/a", channel, payload)
		if room != want.room || (o != nil) != want.glance || c.isAnswer("/a", channel) != want.answer {
			t.Errorf("%q is of room %q, a broadcast: %v, an answer: %v; want %+v", channel, room, o != nil, c.isAnswer("/a", channel), want)
		}
	}
}

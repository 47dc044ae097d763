package chat

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
)

func theUsers(ids ...string) Whom { return Whom{Users: ids} }

func (h *host) members(room string) (ids []string) {
	h.t.Helper()
	list, refusal := h.chat.Members(context.Background(), room)
	if refusal != nil {
		h.t.Fatalf("%v", refusal)
	}
	for _, p := range list.People {
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	return ids
}

func TestWhoIsMovedByTheAppIsOnTheListAndHearsTheRoom(t *testing.T) {
	t.Parallel()
	h := spoken(t, &memory{}, nil)
	ann, phone, bob := h.visit("ann", time.Hour), h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	bob.ask("join_room", `"r"`)
	if got := h.chat.Join(theUsers("ann"), []string{"r"}); got.Outcome() != "ok" {
		t.Fatalf("%v", got)
	}
	bob.await(`42["room_members",[{"userId":"bob","username":"Name of bob"},{"userId":"ann"`)
	ann.await(`42["room_members"`)
	if got := h.members("r"); !slices.Equal(got, []string{"ann", "bob"}) {
		t.Errorf("members %q", got)
	}
	if got := ann.ask("send_message", `{"roomId":"r","text":"hi"}`); got["ok"] != true {
		t.Errorf("ann can't send: %v", got)
	}
	phone.await(`42["receive_message"`)

	h.chat.Leave(Whom{Sockets: []string{strings.Split(ann.session, `"`)[3]}}, []string{"r"})
	if got := h.members("r"); !slices.Equal(got, []string{"ann", "bob"}) {
		t.Errorf("with her phone ann is there: %q", got)
	}
	h.chat.Leave(theUsers("ann"), []string{"r"})
	bob.await(`42["room_members",[{"userId":"bob","username":"Name of bob"}]`)
	if got := h.members("r"); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("members %q", got)
	}
	h.chat.Leave(theUsers("ann"), []string{"r"}) // again
	if got := h.chat.rosters.Sockets("r"); got != 1 {
		t.Errorf("%d sockets are counted", got)
	}
}

func TestAppMovesNobodyIntoARoomOfAnother(t *testing.T) {
	t.Parallel()
	h := spoken(t, &memory{}, nil)
	bob := h.visit("bob", time.Hour)
	sid := strings.Split(bob.session, `"`)[3]
	for _, c := range []struct {
		who   Whom
		rooms []string
		want  contract.Code
	}{
		{theUsers("ann"), []string{sid}, contract.Forbidden},
		{theUsers("ann"), []string{contract.PersonalRoom("bob")}, contract.BadRequest},
		{theUsers("ann"), nil, contract.BadRequest},
		{theUsers("ann"), []string{""}, contract.BadRequest},
		{theUsers(), []string{"r"}, contract.BadRequest},
		{theUsers(""), []string{"r"}, contract.BadRequest},
	} {
		for _, move := range []func(Whom, []string) contract.Answer{h.chat.Join, h.chat.Leave} {
			if got := move(c.who, c.rooms); got.Outcome() != string(c.want) {
				t.Errorf("%v %q: %v, want %s", c.who, c.rooms, got, c.want)
			}
		}
	}
}

func TestAppKnowsWhoIsOnline(t *testing.T) {
	t.Parallel()
	h := spoken(t, &memory{}, nil)
	online := func(asked ...string) (ids []string) {
		list, _ := h.chat.Online(context.Background(), asked)
		for _, p := range list.People {
			ids = append(ids, p.ID)
		}
		slices.Sort(ids)
		return ids
	}
	if got := online(); len(got) != 0 {
		t.Errorf("nobody is there, and %q are", got)
	}
	ann, _, bob := h.visit("ann", time.Hour), h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	ann.askEach("join_room") // the first events of both are behind their CONNECT
	bob.askEach("join_room")
	if got := online(); !slices.Equal(got, []string{"ann", "bob"}) {
		t.Errorf("%q", got)
	}
	if got := online("bob", "eve"); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("of bob and eve: %q", got)
	}
	if h.chat.Rooms() != 1 {
		t.Errorf("%d rooms have members", h.chat.Rooms())
	}
	if got := h.chat.Disconnect(theUsers("bob")); got.Outcome() != "ok" {
		t.Errorf("%v", got)
	}
	bob.await("41")
	eventually(t, func() bool { return slices.Equal(online(), []string{"ann"}) }) // who is told goes a moment later
	h.chat.Disconnect(Whom{Sockets: []string{strings.Split(ann.session, `"`)[3]}})
	ann.await("41")
	if got := h.chat.Disconnect(Whom{}); got != nobodyMeant {
		t.Errorf("%v", got)
	}
}

func TestRevokedUserGoesAtOnceIfTheAppHasEndedTheLogin(t *testing.T) {
	t.Parallel()
	logins := &ledger{}
	hears, other := twins(t, logins, time.Hour)
	here, there, bob := hears.visit("ann", time.Hour), other.visit("ann", time.Hour), hears.visit("bob", time.Hour)
	hears.chat.Revoke([]string{"ann", "bob"})
	for _, v := range []*visitor{here, there, bob} {
		if got := v.ask("join_room", `"r"`); got["ok"] != true {
			t.Errorf("a login that stands: %v", got)
		}
	}
	logins.set([]string{"ann"}, nil)
	if got := hears.chat.Revoke([]string{"ann"}); got.Outcome() != "ok" {
		t.Errorf("%v", got)
	}
	for _, v := range []*visitor{here, there} {
		if _, err := v.Await("never"); err == nil {
			t.Error("a connection of the login is left")
		}
	}
	if got := bob.ask("join_room", `"r"`); got["ok"] != true {
		t.Errorf("somebody else: %v", got)
	}
	if got := spoken(t, &memory{}, nil).chat.Revoke([]string{"ann"}); got.Outcome() != string(contract.BadRequest) {
		t.Errorf("where nothing tells: %v", got)
	}
}

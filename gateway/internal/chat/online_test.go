package chat

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/presence"
)

func tellOnline(o *Options) { o.OnlineEvent, o.OnlineShape = "online", contract.OnlineIDs }

func comings(o *Options) { tellOnline(o); o.UserOnlineEvent, o.UserOfflineEvent = "came", "left" }

func TestEverybodyIsToldWhoIsOnlineWhenThatChanges(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, tellOnline)
	ann := h.visit("ann", time.Hour)
	ann.await(`42["online",["ann"]]`)
	bob := h.visit("bob", time.Hour)
	for _, v := range []*visitor{ann, bob} {
		v.await(`42["online",["ann","bob"]]`)
	}
	tab := h.visit("bob", time.Hour)
	tab.await(`42["online",["ann","bob"]]`)
	bob.Close()
	<-h.tally.closed
	h.visit("cid", time.Hour).await(`42["online",["ann","bob","cid"]]`)
	if n := ann.count("online", `42["online",["ann","bob","cid"]]`); n != 0 {
		t.Errorf("told %d times of tabs", n)
	}
	tab.Close()
	ann.await(`42["online",["ann","cid"]]`)
	if n := h.chat.Rooms(); n != 0 {
		t.Errorf("%d rooms", n)
	}
}

func TestWhoComesAndGoesIsToldByAnEventAndTheListToNewcomersAlone(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, comings)
	ann := h.visit("ann", time.Hour)
	ann.await(`42["online",["ann"]]`)
	bob := h.visit("bob", time.Hour)
	bob.await(`42["online",["ann","bob"]]`)
	if n := ann.count("online", `42["came","bob"]`); n != 0 {
		t.Errorf("%d lists besides", n)
	}
	bob.Close()
	if n := ann.count("online", `42["left","bob"]`); n != 0 {
		t.Errorf("%d lists besides", n)
	}
}

func TestOnlineNamesAllThoughListsOfRoomsAreLimited(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { comings(o); o.MembersLimit = 1 })
	ann := h.visit("ann", time.Hour)
	ann.await(`42["online",["ann"]]`)
	bob := h.visit("bob", time.Hour)
	bob.await(`42["online",["ann","bob"]]`)
	ann.ask("join_room", `"r"`)
	if got := bob.ask("join_room", `"r"`); len(got["members"].([]any)) != 1 {
		t.Error(got)
	}
}

func TestACrowdThatComesAtOnceIsToldByTheListInsteadOfOneByOne(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, comings)
	list := func(from, n int) (m contract.Members) {
		for i := range n {
			id := fmt.Sprint(from + i)
			m.People = append(m.People, contract.NewPerson(id, []byte(id), id))
		}
		m.Count = n
		return m
	}
	ann := h.visit("ann", time.Hour)
	ann.await(`42["came","ann"]`) // behind the list
	h.chat.rosters.TellOne(contract.OnlineRoom, func(l presence.List) { l.Members = list(0, 2*maxComings); h.chat.announceOnline(l) })
	h.chat.rosters.TellOne(contract.OnlineRoom, func(l presence.List) { l.Members = list(1, 2*maxComings); h.chat.announceOnline(l) })
	if n := ann.count("came", `42["online",[0,1,2`); n != 0 {
		t.Errorf("%d events before the list", n)
	}
	if n := ann.count("online", `42["came",2000]`); n != 0 {
		t.Errorf("%d lists for one who came", n)
	}
	ann.await(`42["left",0]`)
}

func TestNoClientGetsIntoTheListOfAllByJoining(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, tellOnline)
	ann := h.visit("ann", time.Hour)
	if got := ann.ask("join_room", `"`+strings.ReplaceAll(contract.OnlineRoom, "\x00", `\u0000`)+`"`); got["code"] != "bad_request" {
		t.Error(got)
	}
	if n := h.chat.rosters.Sockets(contract.OnlineRoom); n != 1 {
		t.Errorf("the list counts %d sockets", n)
	}
}

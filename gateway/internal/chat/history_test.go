package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/logtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// archive has the latest messages of rooms.
type archive struct {
	mu    sync.Mutex
	rows  map[message.Gap][]message.Kept
	fail  error
	asked int
	told  func() // while they are read
}

func (a *archive) Latest(_ context.Context, gaps []message.Gap, n, _ int) (all [][]message.Kept, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	if a.told != nil {
		a.told()
	}
	for _, gap := range gaps {
		rows := a.rows[gap]
		all = append(all, rows[max(0, len(rows)-n):])
	}
	return all, a.fail
}

func (a *archive) use(o *Options) {
	o.HistoryEvent, o.HistorySize, o.Latest, o.MaxEvent, o.Recovers = "history", 3, a, 1000, true
}

func rowsOf(room string, texts ...string) (rows []message.Kept) {
	for _, text := range texts {
		rows = append(rows, row(0, room, "bob", text))
	}
	return rows
}

func TestWhoJoinsIsToldTheLatestMessagesBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	a := &archive{rows: map[message.Gap][]message.Kept{{Room: "r"}: rowsOf("r", "one", "two", "three", "four")}}
	h := serve(t, &memory{}, a.use)
	ann := h.visit("ann", time.Hour)
	ann.say(`421["join_room","r"]`)
	got, err := ann.Next() // before the members, and the ack
	if err != nil || !strings.HasPrefix(got, `42["history",[{"`) {
		t.Fatalf("%s, %v", got, err)
	}
	for i, text := range []string{"two", "three", "four"} {
		if at := strings.Index(got, text+"-id"); at < 0 || i > 0 && at < strings.Index(got, "two-id") {
			t.Errorf("%q is not where it should be in %s", text, got)
		}
	}
	if strings.Contains(got, "one-id") {
		t.Error("more than the size")
	}
	ann.await("431")
	ann.ask("join_room", `"r"`)
	if a.asked != 1 {
		t.Errorf("asked %d times: who joins again is there already", a.asked)
	}
}

func TestARefusedJoinReadsNothingAndAFailedReadLetsJoin(t *testing.T) {
	t.Parallel()
	a := &archive{fail: errors.New("the database is away")}
	s := &memory{guests: map[string]bool{"bob": true}}
	log := &logtest.Log{}
	h := serve(t, s, func(o *Options) { a.use(o); o.Logger = slog.New(slog.NewTextHandler(log, nil)) })
	if got := h.visit("eve", time.Hour).ask("join_room", `"r"`); got["code"] != "forbidden" || a.asked != 0 {
		t.Errorf("%v, read %d times", got, a.asked)
	}
	if got := h.visit("bob", time.Hour).ask("join_room", `"r"`); got["ok"] != true || a.asked != 1 {
		t.Errorf("%v, read %d times", got, a.asked)
	}
	if !strings.Contains(log.String(), "HISTORY_EVENT") || h.tally.of("history failed") != 1 {
		t.Error("nobody is told that it could not be read")
	}
}

// The oldest are left out where an event has no place for all.
func TestAHistoryHasAsManyMessagesAsFitIntoAnEvent(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return fmt.Sprint(n) + strings.Repeat("x", 60) }
	a := &archive{rows: map[message.Gap][]message.Kept{{Room: "r"}: rowsOf("r", long(1), long(2), long(3))}}
	h := serve(t, &memory{}, a.use)
	ann := h.visit("ann", time.Hour)
	ann.say(`421["join_room","r"]`)
	got := ann.await(`42["history",`)
	if len(got) > 1100 || !strings.Contains(got, long(3)+"-id") || strings.Contains(got, long(1)+"-id") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}

func TestMessagesThatAreHeardLaterAreNotInTheHistory(t *testing.T) {
	t.Parallel()
	shape, _ := contract.ParseTemplate(`{"of": $room, "list": $rows}`, contract.HistoryValues...)
	o := Options{HistoryEvent: "history", HistorySize: 5, HistoryShape: shape}
	c := &Chat{options: o, log: NewLog(nil, o), ctx: t.Context()}
	rows := []message.Kept{row(0, "r", "bob", "the app's"), row(7, "r", "bob", "told"), row(8, "r", "bob", "under way")}
	var got struct {
		Of   string
		List []struct{ ID string }
	}
	if err := json.Unmarshal(c.historyPayload(rows, socketio.Offset(7), "r"), &got); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != "{r [{the app's-id} {told-id}]}" {
		t.Error(got)
	}
}

func TestWhatAUserGotAndSaidIsOneHistory(t *testing.T) {
	t.Parallel()
	at := func(id string, second int64) message.Kept {
		return message.Kept{Stored: message.Stored{ID: json.RawMessage(id), CreatedAt: time.Unix(second, 0)}}
	}
	var ids string
	for _, k := range merged([]message.Kept{at("1", 1), at("3", 3), at("4", 4)}, []message.Kept{at("2", 2), at("4", 4)}, 3) {
		ids += string(k.ID)
	}
	if ids != "234" {
		t.Error(ids)
	}
}

func TestRoomsThatTheServerChoosesTellTheirsToANewSocket(t *testing.T) {
	t.Parallel()
	r := &registry{rooms: map[string][]string{"ann": {"a", "empty"}}}
	a := &archive{rows: map[message.Gap][]message.Kept{{Room: "a"}: rowsOf("a", "in a"), {Room: "b"}: rowsOf("b", "in b")}}
	h := serve(t, &memory{}, func(o *Options) { a.use(o); r.use(o) })
	ann := h.visit("ann", time.Hour)
	ann.await(`42["history",[{"`)
	r.set("ann", "a", "b", "empty")
	h.chat.RenewRooms("ann")
	if got := ann.await(`42["history",[{"`); !strings.Contains(got, "in b-id") {
		t.Error(got)
	}
}

package chat

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/rawjson"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// past is a History of a few rows.
type past struct {
	mu    sync.Mutex
	rows  []message.Kept
	gaps  []message.Gap // that were asked for last
	after []uint64      // of Repeated, all times
	fail  error
}

func (p *past) Missed(_ context.Context, gaps []message.Gap, through uint64, limit int) ([]message.Kept, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gaps = gaps
	return slices.Clone(p.rows), p.fail
}

func (p *past) Repeated(_ context.Context, d message.Draft, after uint64) (message.Kept, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.after = append(p.after, after)
	for _, k := range p.rows {
		if k.Position > after && k.InRoom == d.Room && k.ByUser == d.User && k.Text == d.Text {
			return k, true, p.fail
		}
	}
	return message.Kept{}, false, p.fail
}

// row is a message of a room as it is read again.
func row(position uint64, room, user, text string) message.Kept {
	return message.Kept{InRoom: room, ByUser: user, Text: text, Stored: message.Stored{
		Position: position, ID: rawjson.Quote(text + "-id"), Room: rawjson.Quote(room), User: rawjson.Quote(user), CreatedAt: time.UnixMilli(1e12)}}
}

func TestWhatAPersonalRoomMissedIsAskedForByItsUser(t *testing.T) {
	t.Parallel()
	p := &past{}
	log := NewLog(p, Options{MessageEvent: "receive_message"})
	gaps := []socketio.Gap{{Room: "r", After: 5}, {Room: contract.PersonalRoom("ann"), After: 7}}
	if _, err := log.Missed(t.Context(), nil, gaps, 9, 100); err != nil {
		t.Fatal(err)
	}
	if want := []message.Gap{{Room: "r", After: 5}, {Receiver: "ann", After: 7}, {Sender: "ann", After: 7}}; !slices.Equal(p.gaps, want) {
		t.Errorf("asked for %+v, want %+v", p.gaps, want)
	}
}

func TestWhatIsTooMuchIsToldApartFromWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	p := &past{fail: message.ErrTooMuch}
	log := NewLog(p, Options{})
	if _, err := log.Missed(t.Context(), nil, nil, 9, 100); !errors.Is(err, socketio.ErrTooMuch) {
		t.Errorf("got %v", err)
	}
	p.fail = message.ErrUnavailable
	if _, err := log.Missed(t.Context(), nil, nil, 9, 100); err == nil || errors.Is(err, socketio.ErrTooMuch) {
		t.Errorf("got %v", err)
	}
}

func TestASenderIsCalledAsTheTokenSaidOrElseAsTheDatabaseDoes(t *testing.T) {
	t.Parallel()
	asked := 0
	log := NewLog(&past{}, Options{Name: func(_ context.Context, user string) (string, error) {
		asked++
		return map[string]string{"bob": "Bob of the table"}[user], nil
	}})
	log.named.note(contract.NewPerson("ann", []byte(`"ann"`), "Ann of the token"))
	for user, want := range map[string]string{"ann": "Ann of the token", "bob": "Bob of the table", "eve": "eve"} {
		if got, err := log.person(t.Context(), row(1, "r", user, "hi")); err != nil || got.Name != want || string(got.IDJSON) != `"`+user+`"` {
			t.Errorf("%s is called %s (%s), %v", user, got.Name, got.IDJSON, err)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

func TestNothingIsToldAgainUnderAnotherNameBecauseTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	log := NewLog(&past{rows: []message.Kept{row(1, "r", "bob", "hi")}}, Options{Name: func(context.Context, string) (string, error) {
		return "Bob", away
	}})
	if kept, err := log.Missed(t.Context(), nil, nil, 9, 100); !errors.Is(err, away) {
		t.Errorf("%v was told, %v", kept, err)
	}
	away = nil
	if kept, err := log.Missed(t.Context(), nil, nil, 9, 100); len(kept) != 1 || err != nil {
		t.Errorf("%v was told once it is back, %v", kept, err)
	}
}

func TestThoseWhoComeBackTogetherShareAnEventUntilItsRowIsChanged(t *testing.T) {
	t.Parallel()
	p := &past{rows: []message.Kept{row(1, "r", "ann", "hi"), row(2, "r", "ann", "you")}}
	log := NewLog(p, Options{MessageEvent: "receive_message"})
	read := func() []*socketio.Kept {
		kept, err := log.Missed(t.Context(), nil, nil, 9, 100)
		if err != nil || len(kept) != 2 {
			t.Fatalf("%v, %v", kept, err)
		}
		return kept
	}
	first, again := read(), read()
	if first[0] != again[0] || first[1] != again[1] {
		t.Error("an event was made twice")
	}
	p.rows[1].Text = "you, edited"
	if changed := read(); changed[0] != first[0] || changed[1] == first[1] {
		t.Error("what was edited is told as it was")
	}
}

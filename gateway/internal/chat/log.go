package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Log reads stored messages again, for clients that were away when their rooms were told. It is a socketio.Log; any goroutine may
// use it.
type Log struct {
	history History
	keys    *contract.Keys
	event   string // that brings a message
	name    func(context.Context, string) (string, error)
	named   named
	told    toldAgain
	noEcho  bool
	shape   *contract.Template // of a message
}

// NewLog returns the log of a chat with these options, which get it as Options.Log.
func NewLog(history History, o Options) *Log {
	return &Log{history: history, keys: newKeys(o), event: o.MessageEvent, name: o.Name, noEcho: o.NoEcho, shape: o.MessageShape}
}

// Missed reads the gaps. What is told in a personal room was sent to its user, or by its user to somebody.
func (l *Log) Missed(ctx context.Context, _ *socketio.Namespace, gaps []socketio.Gap, through socketio.Offset, limit int) ([]*socketio.Kept, error) {
	asked := make([]message.Gap, 0, len(gaps))
	for _, gap := range gaps {
		after := uint64(gap.After)
		if user, personal := contract.UserOf(gap.Room); personal {
			asked = append(asked, message.Gap{Receiver: user, After: after}, message.Gap{Sender: user, After: after})
		} else {
			asked = append(asked, message.Gap{Room: gap.Room, After: after})
		}
	}
	rows, err := l.history.Missed(ctx, asked, uint64(through), limit)
	if errors.Is(err, message.ErrTooMuch) {
		return nil, fmt.Errorf("%w: %w", socketio.ErrTooMuch, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read what was missed: %w", err)
	}
	kept := make([]*socketio.Kept, len(rows))
	for i, row := range rows {
		if kept[i], err = l.told.of(row, func() (*socketio.Kept, error) { return l.kept(ctx, row) }); err != nil {
			return nil, fmt.Errorf("look up who said what was missed: %w", err)
		}
	}
	return kept, nil
}

// kept is Event for those who come back.
func (l *Log) kept(ctx context.Context, row message.Kept) (*socketio.Kept, error) {
	if row.Said != nil {
		return socketio.NewKept(socketio.Offset(row.Position), []string{row.InRoom}, row.Said.Event, row.Said.Payload), nil
	}
	by, err := l.person(ctx, row)
	if err != nil {
		return nil, err
	}
	to, event, payload := l.eventBy(row, by)
	kept := socketio.NewKept(socketio.Offset(row.Position), to.Rooms, event, payload)
	if l.noEcho { // the row does not tell which of the user's sockets has sent it
		kept.Except(contract.PersonalRoom(row.ByUser))
	}
	return kept, nil
}

// Event is what Order.Tell was given of a row when it was committed, by whichever gateway, as far as the row knows. It may ask the
// database for the sender's name; who can't be asked about is called by the id, as when a message is told at once.
func (l *Log) Event(ctx context.Context, row message.Kept) (to message.Audience, event string, payload json.RawMessage) {
	if row.Said != nil {
		return message.Audience{Rooms: []string{row.InRoom}}, row.Said.Event, row.Said.Payload
	}
	by, err := l.person(ctx, row)
	if err != nil {
		by = contract.NewPerson(row.ByUser, row.User, row.ByUser)
	}
	return l.eventBy(row, by)
}

func (l *Log) eventBy(row message.Kept, by *contract.Person) (to message.Audience, event string, payload json.RawMessage) {
	at := place{row.InRoom, row.ToReceiver}
	return message.Audience{Rooms: at.rooms(row.ByUser)}, l.event, l.shape.Row(l.keys.Again(row, by).Encode())
}

// person is who sent a message. Whose name nobody knows is called by the id, as when a message is told at once. A name that can't
// be looked up right now is an error, since the same message has been told to others under that name.
func (l *Log) person(ctx context.Context, row message.Kept) (*contract.Person, error) {
	name := l.named.of(row.ByUser)
	if name == "" && l.name != nil {
		var err error
		if name, err = l.name(ctx, row.ByUser); err != nil {
			return nil, err
		}
	}
	if name == "" {
		name = row.ByUser
	}
	return contract.NewPerson(row.ByUser, row.User, name), nil
}

// toldAgain shares the events of the latest rows among those who come back together, so that each is encoded once. Its zero value
// is ready.
type toldAgain struct {
	mu         lockorder.Mutex[toldAgain]
	byPosition map[uint64]sharedEvent
	bytes      int
}

type sharedEvent struct {
	text string // of the row: the app may have changed it since
	at   time.Time
	kept *socketio.Kept
}

const (
	maxToldAgain = 8 << 20 // bytes of texts
	toldAgainAge = 10 * time.Second
)

func (t *toldAgain) of(row message.Kept, tell func() (*socketio.Kept, error)) (*socketio.Kept, error) {
	if shared, ok := t.find(row.Position); ok && shared.text == row.Text && time.Since(shared.at) < toldAgainAge {
		return shared.kept, nil
	}
	kept, err := tell() // it may ask the database for a name
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if size := earlyOverhead + len(row.Text); t.byPosition == nil || t.bytes+size > maxToldAgain {
		t.byPosition, t.bytes = make(map[uint64]sharedEvent), size
	} else {
		t.bytes += size
	}
	t.byPosition[row.Position] = sharedEvent{row.Text, time.Now(), kept}
	return kept, nil
}

func (t *toldAgain) find(position uint64) (shared sharedEvent, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	shared, ok = t.byPosition[position]
	return shared, ok
}

// named are the names that tokens gave to users, whom the database may call otherwise or not know. Its zero value is ready.
type named struct {
	mu     lockorder.Mutex[named]
	byUser map[string]string
}

// maxNamed bounds them: some hundred kilobytes.
const maxNamed = 10_000

func (n *named) note(p *contract.Person) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byUser == nil || len(n.byUser) >= maxNamed {
		n.byUser = make(map[string]string)
	}
	n.byUser[p.ID] = p.Name
}

func (n *named) of(user string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byUser[user]
}

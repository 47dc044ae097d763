package chat

import (
	"context"
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
}

// NewLog returns the log of a chat with these options, which get it as Options.Log.
func NewLog(history History, o Options) *Log {
	return &Log{history: history, keys: newKeys(o), event: o.MessageEvent, name: o.Name}
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
		kept[i] = l.told.of(row, func() *socketio.Kept { return l.kept(ctx, row) })
	}
	return kept, nil
}

// kept is the event that told of a row, as far as the row knows.
func (l *Log) kept(ctx context.Context, row message.Kept) *socketio.Kept {
	to := place{row.InRoom, row.ToReceiver}
	payload := l.keys.Again(row, l.person(ctx, row)).Encode()
	return socketio.NewKept(socketio.Offset(row.Position), to.rooms(row.ByUser), l.event, payload)
}

// person is who sent a message. Whose name can't be looked up is called by the id, as when a message is told at once.
func (l *Log) person(ctx context.Context, row message.Kept) *contract.Person {
	name := l.named.of(row.ByUser)
	if name == "" && l.name != nil {
		name, _ = l.name(ctx, row.ByUser)
	}
	if name == "" {
		name = row.ByUser
	}
	return contract.NewPerson(row.ByUser, row.User, name)
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

func (t *toldAgain) of(row message.Kept, tell func() *socketio.Kept) *socketio.Kept {
	if shared, ok := t.find(row.Position); ok && shared.text == row.Text && time.Since(shared.at) < toldAgainAge {
		return shared.kept
	}
	kept := tell() // it may ask the database for a name
	t.mu.Lock()
	defer t.mu.Unlock()
	if size := earlyOverhead + len(row.Text); t.byPosition == nil || t.bytes+size > maxToldAgain {
		t.byPosition, t.bytes = make(map[uint64]sharedEvent), size
	} else {
		t.bytes += size
	}
	t.byPosition[row.Position] = sharedEvent{row.Text, time.Now(), kept}
	return kept
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

package saved

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// keeper keeps sessions in one kind of database, for one gateway. Its errors are faults of package database. Claim and release
// are called from one goroutine at a time, the others from another one.
type keeper interface {
	// prepare makes what is missing and tries every statement. A fault that IsForbidden is a right that is missing.
	prepare(ctx context.Context) error
	// write saves and deletes sessions, and gives a sign of life, all of it or nothing. A session that another gateway has claimed
	// stays as it is. Kept is how many were saved. Anew means that it is the first sign of life, or that earlier ones are lost.
	write(ctx context.Context, saves []row, ends []key) (kept int, anew bool, err error)
	// claim makes this gateway the owner of the sessions that are asked for, as far as they are there and in the window, and no other
	// claim was granted since they were asked for. All keys are different.
	claim(ctx context.Context, asked []asked) ([]row, error)
	// release takes back that sessions were claimed: nobody has got them.
	release(ctx context.Context, keys []key) error
	// sweep deletes some of what is past the window, and tells whether there may be more.
	sweep(ctx context.Context) (more bool, err error)
	// grant says in one line what to do so that prepare works. It is empty where no right is missing.
	grant(ctx context.Context) (string, error)
	close()
}

// openKeeper opens what keeps sessions, without asking it anything yet. It is nil for a URL of kind none.
func openKeeper(life context.Context, url database.URL, window time.Duration, log *slog.Logger) (keeper, error) {
	switch url.Kind {
	case database.Postgres:
		return openPostgres(life, url, window)
	case database.SQLite:
		return openSQLite(url, window, log)
	}
	return nil, nil
}

// newGateway makes a name for this process, unlike that of any other.
func newGateway() string { return rand.Text() }

// sweepRows is how many sessions are deleted at a time at most.
const sweepRows = 10_000

// key is what a session is found by.
type key [16]byte

// keyOf hashes, so that nobody who reads the table learns an id.
func keyOf(namespace, sid string) key {
	sum := sha256.Sum256([]byte(namespace + "," + sid)) // no namespace has a comma
	return key(sum[:])
}

// row is a session as it is kept.
type row struct {
	key   key
	user  string
	rooms string // JSON
}

// asked is a session that somebody waits for.
type asked struct {
	key    key
	waited time.Duration
}

const (
	// settling is added to how long a claim has waited: no client comes back sooner after its session was claimed, and a statement
	// takes its time to arrive.
	settling = 200 * time.Millisecond
	// settlingHere is how long a gateway does not claim what it has claimed itself: the socket may be on its way.
	settlingHere = 10 * time.Second
)

// maxSession bounds the rooms of a session that is kept, in bytes.
const maxSession = 1 << 20

// room is how a socketio.SavedRoom is written.
type room struct {
	Name  string `json:"name"`
	Since uint64 `json:"since,string"`
}

// rowOf fails where a session is too large, or the user's id is nothing that a database takes for a text.
func rowOf(s socketio.SavedSession) (row, error) {
	rooms := make([]room, len(s.Rooms))
	for i, r := range s.Rooms {
		rooms[i] = room{r.Name, uint64(r.Since)}
	}
	text, err := json.Marshal(rooms)
	switch {
	case err != nil:
		return row{}, err
	case len(text) > maxSession:
		return row{}, fmt.Errorf("rooms of %d bytes", len(text))
	case strings.ContainsRune(s.User, 0) || !utf8.ValidString(s.User):
		return row{}, fmt.Errorf("user's id is no text")
	}
	return row{keyOf(s.Namespace, s.SID), s.User, string(text)}, nil
}

func (r row) session(namespace, sid string) (*socketio.SavedSession, error) {
	var rooms []room
	if err := json.Unmarshal([]byte(r.rooms), &rooms); err != nil {
		return nil, fmt.Errorf("read a saved session: %w", err)
	}
	s := &socketio.SavedSession{Namespace: namespace, SID: sid, User: r.user}
	for _, one := range rooms {
		s.Rooms = append(s.Rooms, socketio.SavedRoom{Name: one.Name, Since: socketio.Offset(one.Since)})
	}
	return s, nil
}

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
	// write saves and deletes sessions, and gives a sign of life. After an error none of it counts, and all of it may be written
	// again; if it says anew then, no session is kept any more. A session that another gateway has claimed stays as it is.
	write(ctx context.Context, saves []row, ends []key) (written, error)
	// claim makes this gateway the owner of those sessions that are another's and in the window, unless another claim was granted since they
	// were asked for. Sessions that this gateway has already are not found: they are in its memory, or over. All keys are different.
	claim(ctx context.Context, asked []asked) ([]row, error)
	// release says that nobody has got these sessions, if they were claimed at all: this gateway may claim them again.
	release(ctx context.Context, keys []key) error
	// owned returns the sessions that are this gateway's.
	owned(ctx context.Context) ([]key, error)
	// lasts is how long a session is kept that is not written anew. Zero means until it is deleted.
	lasts() time.Duration
	// sweep deletes some of what is past the window, and tells whether there may be more.
	sweep(ctx context.Context) (more bool, err error)
	// look says where sessions are kept and, in one line, what to do so that they can be. That is empty where nothing is missing. It
	// changes nothing.
	look(ctx context.Context) (where, missing string, err error)
	close()
}

// written is what came of a write.
type written struct {
	refused []string // sids of sessions that were not saved, since another gateway has claimed them
	claimed []string // sids of sessions that another gateway says it has claimed of this one since the last write
	anew    bool     // it is the first sign of life, or earlier ones are lost
}

// openKeeper opens what keeps sessions, without asking it anything yet: Redis if there is one, or else the database. It is nil for
// a URL of kind none.
func openKeeper(life context.Context, url database.URL, o Options) (keeper, error) {
	switch {
	case o.Redis != nil:
		return openRedis(o)
	case url.Kind == database.Postgres:
		return openPostgres(life, url, o.Window)
	case url.Kind == database.SQLite:
		return openSQLite(url, o.Window, o.Logger)
	}
	return nil, nil
}

// Look says where the sessions of a gateway on that database, or on o.Redis, are kept and, in one line, what to do so that they can be. That is empty
// where nothing is missing, and both are where there is no database. It changes nothing.
func Look(ctx context.Context, url database.URL, o Options) (where, missing string, err error) {
	o.Window, o.Logger = time.Minute, slog.New(slog.DiscardHandler)
	k, err := openKeeper(ctx, url, o)
	if err != nil || k == nil {
		return "", "", err
	}
	defer k.close()
	return k.look(ctx)
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
	key     key
	sid     string // not of what was claimed
	user    string
	session string // the rest of it, as JSON
	at      int64  // of the change that it has at least, as readAt has it; not of what was claimed
}

// readAt is the time of this process.
func readAt() int64 { return int64(time.Since(began)) }

var began = time.Now()

// age tells of which gateway a session was written last, and at what time of its process. What is in Redis and its copy have the same, unless
// one of them has lost something.
type age struct {
	By string `json:"by"`
	At int64  `json:"at"`
}

// dated is the session with its age.
func (r row) dated(gateway string) string {
	if len(r.session) <= len("{}") {
		return r.session
	}
	return fmt.Sprintf(`%s,"by":"%s","at":%d}`, r.session[:len(r.session)-1], gateway, r.at)
}

// age is that of a session that was claimed. One of an earlier build has none.
func (r row) age() (a age) {
	json.Unmarshal([]byte(r.session), &a)
	return a
}

// asked is a session that somebody waits for.
type asked struct {
	key   key
	sid   string
	since time.Time
}

// sinceBy is the time since when somebody waits, by a server's clock that has just shown now. It may be a little too early, never too late,
// however long the reading took: the time that has passed here is counted up to its answer.
func (a asked) sinceBy(now time.Time) time.Time { return now.Add(-time.Since(a.since)) }

// maxSession bounds a session that is kept, in bytes.
const maxSession = 1 << 20

// rowOf fails where a session is too large, or the user's id is nothing that a database takes for a text.
func rowOf(s socketio.SavedSession) (row, error) {
	r := row{key: keyOf(s.Namespace, s.SID), sid: s.SID, user: s.User}
	s.Namespace, s.SID, s.User = "", "", "" // whoever claims it knows these, or they stand beside
	text, err := json.Marshal(s)
	switch {
	case err != nil:
		return row{}, err
	case len(text) > maxSession:
		return row{}, fmt.Errorf("a session of %d bytes", len(text))
	case strings.ContainsRune(r.user, 0) || !utf8.ValidString(r.user):
		return row{}, fmt.Errorf("the user's id is no text")
	}
	r.session = string(text)
	return r, nil
}

// saved is the session again.
func (r row) saved(namespace, sid string) (*socketio.SavedSession, error) {
	var s socketio.SavedSession
	if err := json.Unmarshal([]byte(r.session), &s); err != nil {
		return nil, fmt.Errorf("read a saved session: %w", err)
	}
	s.Namespace, s.SID, s.User = namespace, sid, r.user
	return &s, nil
}

package store

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/lookup"
)

// Config is what a store needs to know. Only URL must be set.
type Config struct {
	// URL is DATABASE_URL as Prisma writes it: postgres://…, postgresql://…, file:./dev.db, or none.
	URL string

	// Table and the columns override what Open finds in the schema (MESSAGE_TABLE, MESSAGE_TEXT_COLUMN,
	// MESSAGE_USER_COLUMN, MESSAGE_ROOM_COLUMN, MESSAGE_RECEIVER_COLUMN). Empty means find them. On Postgres the table may
	// be schema.table. With URL none, a room or receiver column is only a name for clients to use.
	Table, TextColumn, UserColumn, RoomColumn, ReceiverColumn string
	// IDKind says who makes ids (MESSAGE_ID): cuid and uuid are made here, database by a column default.
	// auto, or empty, decides by the column and the newest row.
	IDKind string
	// Constants fill other columns, by name, with one value each (MESSAGE_CONSTANTS).
	Constants map[string]string
	// Fields are filled by what clients say (MESSAGE_FIELDS), in the order of message.Draft.Fields. With URL none they are names for
	// clients to use.
	Fields []Field

	// AccessQuery decides who may join a room (ROOM_ACCESS_QUERY): SQL with $1 room and $2 user. Yes is a
	// row whose first column says so clearly: see database.Judge. Empty means everybody may.
	AccessQuery string

	// Encrypt turns a text into what is stored, for the ids that the row will have: room is the receiver's where there is no room. It runs
	// on the goroutine that calls Save, so it must be safe for concurrent use. Nil stores plaintext. It is not called when the URL is none.
	Encrypt func(text, room, user string) (string, error)

	// Decrypt turns a stored text back, for the same ids. Nil gives it as it is stored. It must be safe for concurrent use.
	Decrypt func(text, room, user string) (string, error)

	// Timeout is how long a message may wait for its commit. Zero value means 4 s.
	Timeout time.Duration
	// QueueMessages and QueueBytes bound what is accepted and not answered yet. Zero values mean 100,000
	// messages and 64 MiB.
	QueueMessages, QueueBytes int
	// OpenTimeout is how long Open may take. Zero value means a minute.
	OpenTimeout time.Duration
	// PoolSize is the number of database connections: one commits, the others answer MayJoin and Ready,
	// so there are two at least. Zero value means connection_limit of the URL, at most 10; 10 without one.
	PoolSize int

	// Node joins this store and others of the same message table into one order of commits: see doc.go. It names the gateway, in the log and
	// in the schema socketgate. Empty means that no other gateway writes to the table. Only Postgres has that order: Open
	// fails for SQLite, and with URL none it changes nothing.
	Node string
	// Told is the highest position that this gateway has told its clients or seen elsewhere: later ones are above it even if the database has
	// lost its latest rows. It is called from the committer's goroutine and must not block. Nil means 0.
	Told func() uint64

	// Aside is the position of the latest event that Store.Aside gave one, also in an earlier process: positions begin behind it. 0 is none.
	Aside uint64

	Observer Observer     // may be nil
	Logger   *slog.Logger // nil discards

	now      func() time.Time // of a test; nil is the system clock
	maxSwept int              // of a test; 0 is the one that is written there
}

// Observer counts. Its methods are called from several goroutines at once and must return quickly.
type Observer interface {
	// Committed reports one commit: how many messages it stored, and how long it took.
	Committed(messages int, took time.Duration)
	// Failed reports messages answered with an error. cause is one of full, down, closing, timeout,
	// encrypt and rejected.
	Failed(cause string, messages int)
	// LookupRefused reports an access query that was not asked, with a reason of package lookup.
	LookupRefused(query, reason string)
	// MissedRead reports one reading of the message table for clients that were away: how many were answered, how many
	// messages it found, and how long it took.
	MissedRead(askers, messages int, took time.Duration)
	// MissedRefused reports one client that is not told what it missed. cause is one of full, timeout, closing, down, unordered,
	// too_many and too_far.
	MissedRefused(cause string)
	// ResendsForgotten reports messages of the last 2 min that would be stored again if they were sent again.
	ResendsForgotten(messages int)
}

type unobserved struct{}

func (unobserved) Committed(int, time.Duration)       {}
func (unobserved) Failed(string, int)                 {}
func (unobserved) LookupRefused(string, string)       {}
func (unobserved) MissedRead(int, int, time.Duration) {}
func (unobserved) MissedRefused(string)               {}
func (unobserved) ResendsForgotten(int)               {}

// Store stores messages. Its methods may be called from any goroutine.
type Store struct {
	table      table
	mapping    Mapping
	references []reference // its foreign keys
	encrypt    func(text, room, user string) (string, error)
	decrypt    func(text, room, user string) (string, error)
	guarded    bool      // an access query is set
	unclear    sync.Once // the log has been told of an answer that is neither yes nor no
	timeout    time.Duration
	watch      Observer
	log        *slog.Logger

	queue      *queue
	cluster    clockTable    // nil where the gateway is alone; the next belong to the committer
	highest    func() uint64 // Config.Told
	turns      int64         // how many there have been
	times      times
	doubt      *turn // whose reply was lost
	refreshing refreshing
	held       held
	untold     sync.Once // the log has been told of a row that After left out

	clock     roomClock // it and the next belong to the committer
	order     order
	now       func() time.Time
	answers   chan []*entry
	head      uint64                 // see Head
	told      uint64                 // latest position of an id that the database made; belongs to the delivery
	unordered atomic.Pointer[string] // why ids have no order, or nil
	outage    atomic.Pointer[outage] // nil while the database is believed to be up
	health    health
	desk      *lookup.Desk // where access queries wait for their turn
	misfits   misfits
	outages   rareWarning // it and the next belong to the committer
	rejected  rareWarning
	blocked   rareWarning

	asking       *asking
	beyond       map[string]uint64 // positions that are too far away, by the column of the place; it and the next belong to the sweep
	farReads     rareWarning
	maxSwept     int
	fingerprints fingerprints

	ctx     context.Context // ends when Close has no more patience: every statement ends with it
	cancel  context.CancelFunc
	stop    context.CancelFunc // ends the sweep
	running sync.WaitGroup     // the committer, the delivery and the sweep
	closing sync.Once
	closed  error
}

// Open connects to the database, finds the message table and checks that messages can be written to it.
// An error says what was looked for, what was found and which variable settles it; it never holds the
// password. ctx and Config.OpenTimeout bound the opening only. The caller must Close the store.
func Open(ctx context.Context, c Config) (*Store, error) {
	s := &Store{
		encrypt:    c.Encrypt,
		decrypt:    c.Decrypt,
		guarded:    c.AccessQuery != "",
		timeout:    cmp.Or(c.Timeout, 4*time.Second),
		watch:      c.Observer,
		log:        c.Logger,
		now:        c.now,
		refreshing: refreshing{turn: make(chan struct{}, 1)},
		queue:      newQueue(cmp.Or(c.QueueMessages, 100_000), cmp.Or(c.QueueBytes, 64<<20)),
		answers:    make(chan []*entry, 1),
		outages:    rareWarning{every: 10 * time.Second},
		rejected:   rareWarning{every: time.Minute},
		blocked:    rareWarning{every: 10 * time.Second},
		asking:     newAsking(),
		beyond:     make(map[string]uint64),
		maxSwept:   cmp.Or(c.maxSwept, MaxMissedRows),
		farReads:   rareWarning{every: time.Minute},
	}
	if s.watch == nil {
		s.watch = unobserved{}
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.open(ctx, c); err != nil {
		s.cancel()
		return nil, err
	}
	if s.mapping.Database == database.None {
		s.encrypt = nil // nothing is kept, so there is nothing to keep secret
	}
	s.desk = newAccessDesk(s.table.askers(), s.watch)
	s.log.Info("message store open", "mapping", s.mapping.String())
	if reason := s.mapping.Untimed(); reason != "" {
		s.log.Warn("messages are stored without the time of their sending", "reason", reason)
	}
	s.running.Go(s.commit)
	s.running.Go(s.deliver)
	table := s.table
	sweeping, stop := context.WithCancel(s.ctx)
	s.stop = stop
	load := func() error { return s.loadFingerprints(sweeping, table) }
	s.running.Go(func() { s.sweep(sweeping, load) })
	return s, nil
}

// openTimeout is long, since finding the newest row takes a while without an index.
const openTimeout = time.Minute

func (s *Store) open(ctx context.Context, c Config) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.OpenTimeout, openTimeout))
	defer cancel()
	var err error
	if s.table, s.mapping, err = openTable(ctx, s.ctx, c); err != nil {
		return err
	}
	if s.references, err = s.table.references(ctx); err != nil {
		s.table.close()
		return fmt.Errorf("read the foreign keys of %s: %w", s.mapping.name(), err)
	}
	if s.mapping.UserQuery, err = s.findUsers(ctx); err != nil {
		s.table.close()
		return err
	}
	s.probe(ctx)
	if err = s.findHead(ctx, s.now()); err != nil {
		s.table.close()
		return err
	}
	s.beginBehind(c.Aside)
	if err = s.joinCluster(ctx, c); err != nil {
		s.table.close()
		return err
	}
	s.findIndexes(ctx)
	if err := s.loadFingerprints(ctx, s.table); err != nil {
		s.log.Warn("what was sent just before the start may be stored again if it is sent again", "error", err)
	}
	return nil
}

// Mapping says which table and columns Open found.
func (s *Store) Mapping() Mapping { return s.mapping }

// Close refuses new messages, commits those that were accepted, calls their done, and ends every goroutine
// and connection. When ctx ends first, what is left is answered with message.ErrUnavailable and ctx's error
// is returned; the log tells when some of it may have been stored. It waits for done callbacks in any case.
func (s *Store) Close(ctx context.Context) error {
	s.closing.Do(func() {
		impatient := context.AfterFunc(ctx, s.cancel)
		s.queue.close()
		s.stop()
		s.running.Wait()
		s.table.close()
		if !impatient() {
			s.closed = fmt.Errorf("close message store: %w", ctx.Err())
		}
		s.cancel()
	})
	return s.closed
}

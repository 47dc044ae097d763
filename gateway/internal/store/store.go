package store

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// Config is what a store needs to know. Only URL must be set.
type Config struct {
	// URL is DATABASE_URL as Prisma writes it: postgres://…, postgresql://…, file:./dev.db, or none.
	URL string

	// Table and the columns override what Open finds in the schema (MESSAGE_TABLE, MESSAGE_TEXT_COLUMN,
	// MESSAGE_USER_COLUMN, MESSAGE_ROOM_COLUMN). Empty means find them. On Postgres the table may be schema.table.
	Table, TextColumn, UserColumn, RoomColumn string
	// IDKind says who makes ids (MESSAGE_ID): cuid and uuid are made here, database by a column default.
	// auto, or empty, decides by the column and the newest row.
	IDKind string
	// Constants fill other columns, by name, with one value each (MESSAGE_CONSTANTS).
	Constants map[string]string

	// AccessQuery decides who may join a room (ROOM_ACCESS_QUERY): SQL with $1 room and $2 user. Yes is a
	// row whose first column is not NULL, false or 0. Empty means everybody may.
	AccessQuery string

	// Encrypt turns a text into what is stored. It runs on the goroutine that calls Save, so it must be
	// safe for concurrent use. Nil stores plaintext. It is not called when the URL is none.
	Encrypt func(text string) (string, error)

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

	Observer Observer     // may be nil
	Logger   *slog.Logger // nil discards
}

// Observer counts. Its methods are called from several goroutines at once and must return quickly.
type Observer interface {
	// Committed reports one commit: how many messages it stored, and how long it took.
	Committed(messages int, took time.Duration)
	// Failed reports messages answered with an error. cause is one of full, down, closing, timeout,
	// encrypt and rejected.
	Failed(cause string, messages int)
}

type unobserved struct{}

func (unobserved) Committed(int, time.Duration) {}
func (unobserved) Failed(string, int)           {}

// Store stores messages. Its methods may be called from any goroutine.
type Store struct {
	table   table
	mapping Mapping
	encrypt func(string) (string, error)
	guarded bool // an access query is set
	timeout time.Duration
	watch   Observer
	log     *slog.Logger

	queue    *queue
	clock    roomClock
	answers  chan []*entry
	outage   atomic.Pointer[outage] // nil while the database is believed to be up
	health   health
	outages  seldom // the committer's, like the next
	rejected seldom

	ctx     context.Context // ends when Close has no more patience: every statement ends with it
	cancel  context.CancelFunc
	running sync.WaitGroup // the committer and the delivery
	closing sync.Once
	closed  error
}

// table is a message table in one kind of database. Only the committer calls insert, sieve, revive, find and remove,
// one at a time; the other methods may be called by anybody.
type table interface {
	// insert commits the whole batch in its order, or nothing of it, but for rows that a rule of the database
	// leaves out, which are refused. With again, entries may be there already and are then left alone. Errors
	// are faults.
	insert(ctx context.Context, batch []*entry, again bool) error
	// sieve refuses the entries that the database refuses, and stores nothing. Any error means that it could
	// not tell of all of them.
	sieve(ctx context.Context, batch []*entry, refuses func(error) bool) error
	// revive connects anew, makes sure that nothing sent earlier is still running, and proves that insert
	// would work.
	revive(ctx context.Context) error
	// find sets there of the entries, whose ids are our own.
	find(ctx context.Context, batch []*entry) error
	// remove deletes whichever of the entries are there.
	remove(ctx context.Context, batch []*entry) error

	// try inserts the entry and rolls it back, with every constraint checked. Errors are faults.
	try(ctx context.Context, e *entry) error
	// references lists the foreign keys of one column.
	references(ctx context.Context) ([]reference, error)

	mayJoin(ctx context.Context, room, user string) (bool, error)
	ping(ctx context.Context) error
	recent(ctx context.Context, n int) ([]Row, error)
	// close ends the connections once nobody uses them.
	close()
}

// Open connects to the database, finds the message table and checks that messages can be written to it.
// An error says what was looked for, what was found and which variable settles it; it never holds the
// password. ctx and Config.OpenTimeout bound the opening only. The caller must Close the store.
func Open(ctx context.Context, c Config) (*Store, error) {
	s := &Store{
		encrypt:  c.Encrypt,
		guarded:  c.AccessQuery != "",
		timeout:  cmp.Or(c.Timeout, 4*time.Second),
		watch:    c.Observer,
		log:      c.Logger,
		queue:    newQueue(cmp.Or(c.QueueMessages, 100_000), cmp.Or(c.QueueBytes, 64<<20)),
		answers:  make(chan []*entry, 1),
		outages:  seldom{every: 10 * time.Second},
		rejected: seldom{every: time.Minute},
	}
	if s.watch == nil {
		s.watch = unobserved{}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.open(ctx, c); err != nil {
		s.cancel()
		return nil, err
	}
	s.log.Info("message store open", "mapping", s.mapping.String())
	s.running.Go(s.commit)
	s.running.Go(s.deliver)
	return s, nil
}

// openTimeout is long: where no index gives the newest row, finding it takes a while.
const openTimeout = time.Minute

func (s *Store) open(ctx context.Context, c Config) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.OpenTimeout, openTimeout))
	defer cancel()
	target, err := parseURL(c.URL)
	if err != nil {
		return err
	}
	switch target.database {
	case databasePostgres:
		s.table, s.mapping, err = openPostgres(ctx, s.ctx, target, c)
	case databaseSQLite:
		s.table, s.mapping, err = openSQLite(ctx, target, c)
	default:
		s.table, s.mapping, err = openRelay(c)
		s.encrypt = nil // nothing is kept, so there is nothing to keep secret
	}
	return err
}

// Mapping says which table and columns Open found.
func (s *Store) Mapping() Mapping { return s.mapping }

// Save stores d and then calls done once. It never blocks, and d must not change until done is called.
//
// done gets the row when it is committed; message.ErrRejected when the database refuses this message; or
// message.ErrUnavailable when it was not stored within the timeout. Those calls come from one goroutine, in
// the order of the Saves, so done must not block. When the store is full, down or closing, done is called
// with message.ErrUnavailable before Save returns.
func (s *Store) Save(d message.Draft, done func(message.Stored, error)) {
	refuse := func(err error) {
		s.watch.Failed(causeOf(err), 1)
		done(message.Stored{}, err)
	}
	if s.outage.Load() != nil {
		refuse(errDown)
		return
	}
	e, err := s.entry(d, done)
	if err != nil {
		refuse(err)
		return
	}
	if err := s.queue.add(e); err != nil {
		refuse(err)
	}
}

// entry is a message on its way through the store.
type entry struct {
	id, room, user, text string // as the columns take them; id is empty until the database makes it

	stored   message.Stored
	err      error
	done     func(message.Stored, error)
	size     int // bytes of memory, roughly: the strings, their JSON and itself
	accepted time.Time
	sifted   bool // the refused rows of its batch have been looked for by a sieve
	doubtful bool // a statement with it failed in a way that does not tell whether it was committed
	there    bool // a look after that found it committed
}

func (s *Store) entry(d message.Draft, done func(message.Stored, error)) (*entry, error) {
	e := &entry{text: d.Text, done: done}
	var err error
	if e.room, err = s.mapping.Room.fit(d.Room); err != nil {
		return nil, err
	}
	if e.room != d.Room { // "05" would be stored into room 5, which would not hear it
		return nil, s.mapping.Room.reject("spells it differently")
	}
	if e.user, err = s.mapping.User.fit(d.User); err != nil {
		return nil, err
	}
	if s.encrypt != nil {
		if e.text, err = s.encrypt(d.Text); err != nil {
			return nil, &refusal{"encrypt", fmt.Errorf("encrypt: %w", err), message.ErrUnavailable}
		}
	}
	if e.text, err = s.mapping.Text.fit(e.text); err != nil {
		return nil, err
	}
	e.id = s.mapping.newID()
	e.stored.Room = s.mapping.Room.json(e.room)
	e.stored.User = s.mapping.User.json(e.user)
	e.size = 384 + len(e.text) + 2*(len(e.id)+len(e.room)+len(e.user)) + d.Held
	return e, nil
}

// Close refuses new messages, commits those that were accepted, calls their done, and ends every goroutine
// and connection. When ctx ends first, what is left is answered with message.ErrUnavailable and ctx's error
// is returned; the log tells when some of it may have been stored. It waits for done callbacks in any case.
func (s *Store) Close(ctx context.Context) error {
	s.closing.Do(func() {
		impatient := context.AfterFunc(ctx, s.cancel)
		s.queue.close()
		s.running.Wait()
		s.table.close()
		if !impatient() {
			s.closed = fmt.Errorf("close message store: %w", ctx.Err())
		}
		s.cancel()
	})
	return s.closed
}

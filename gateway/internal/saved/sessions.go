package saved

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/pkg/socketio"
)

var _ socketio.Sessions = (*Sessions)(nil)

// Options are what is settled when sessions are opened. Only Window must be set.
type Options struct {
	// Window is how long a client may be away.
	Window time.Duration
	// Changes bounds the sessions that are to be written. Beyond it the oldest change is dropped and counted; what was dropped
	// of a socket that is still connected is written later. Zero means 131,072, which are about 20 MB.
	Changes int
	// Redis, if not nil, keeps the sessions in place of the database. Whoever gave it closes it, after Close.
	Redis rueidis.Client
	// Prefix is what the keys in Redis begin with. Gateways that share sessions have the same.
	Prefix string
	// Key of 32 bytes seals sessions in Redis. Empty is no seal.
	Key      []byte
	Observer Observer     // may be nil
	Logger   *slog.Logger // nil discards

	afterGrant time.Duration // how often to look whether a missing right was granted; a minute
}

// Observer counts. Its methods are called from several goroutines at once and must return quickly.
type Observer interface {
	// SessionsWritten reports one write: how many sessions were saved or deleted by it, and how long it took.
	SessionsWritten(sessions int, took time.Duration)
	// SessionsUnwritten reports sessions that are not saved as they are now. The cause is full (too many changes waited), unfit
	// (more than 1 MiB of rooms, or a user's id that is no text), rejected (by the database), taken (another gateway has them) or void (Redis
	// is away, and Postgres knows that).
	SessionsUnwritten(cause string, sessions int)
	// SessionsClaimed reports claims by outcome: found, none (there is no such session, or it is too old) or failed (nobody knows).
	SessionsClaimed(outcome string, claims int)
}

type unobserved struct{}

func (unobserved) SessionsWritten(int, time.Duration) {}
func (unobserved) SessionsUnwritten(string, int)      {}
func (unobserved) SessionsClaimed(string, int)        {}

// Sessions keep sessions. The methods may be called from any goroutine.
type Sessions struct {
	keeper   keeper      // nil where there is no database
	off      atomic.Bool // nothing is kept, since a right is missing
	watch    Observer
	log      *slog.Logger
	changes  *changes
	claims   *claims
	copy     *copied // nil unless sessions are in Redis beside a Postgres
	voids    *voids  // nil where copy is
	sockets  atomic.Pointer[sockets]
	dropped  atomic.Bool        // a change was, so that all sockets are to be written anew
	suspect  atomic.Bool        // a claim met a fault that the writer should look at
	life     context.Context    // of every statement; ends when Close has no more patience
	end      context.CancelFunc // of life
	claiming context.Context    // ends when Close begins
	refuse   context.CancelFunc // of claiming
	running  sync.WaitGroup     // the writer, the claimer and who answers late
	shutting sync.Once
	closed   error
}

// Open opens what keeps sessions in the database of that URL, and makes it where it is missing. A right that is missing is no
// error: the log says what to grant, nothing is kept until it is granted, and Open's caller can go on as if it were. Nor is a
// database that can't be reached, which is tried again. With a URL of kind none nothing is kept. ctx bounds the opening only.
// The caller must Close.
func Open(ctx context.Context, url database.URL, o Options) (*Sessions, error) {
	s, w, err := assemble(ctx, url, o)
	if err != nil {
		return nil, fmt.Errorf("open saved sessions: %w", err)
	}
	if s.keeper != nil {
		s.begin(w)
		s.running.Go(func() { s.changes.answerLate(s.claiming) })
	}
	return s, nil
}

// begin has sessions be written and claimed until Close.
func (s *Sessions) begin(w *writer) {
	s.running.Go(w.run)
	s.running.Go((&claimer{Sessions: s}).run)
	if s.copy != nil {
		s.copy.run()
	}
}

// assemble does all that Open does, but for the goroutines.
func assemble(ctx context.Context, url database.URL, o Options) (*Sessions, *writer, error) {
	s := &Sessions{watch: o.Observer, log: o.Logger, changes: newChanges(o.Changes), claims: newClaims()}
	if s.watch == nil {
		s.watch = unobserved{}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	o.Logger = s.log
	s.life, s.end = context.WithCancel(context.Background())
	s.claiming, s.refuse = context.WithCancel(s.life)
	var err error
	if s.keeper, err = openKeeper(s.life, url, o); err != nil {
		s.end()
		return nil, nil, err
	}
	if r, shared := s.keeper.(*redis); shared && url.Kind == database.Postgres {
		if s.copy, err = openCopied(ctx, url, r, o); err != nil {
			s.keeper.close()
			s.end()
			return nil, nil, err
		}
		s.voids = &voids{postgres: s.copy.keeper.postgres, lasts: r.lasts(), rows: make(map[key]bool)}
		r.copy, r.voids, s.changes.void, s.changes.patience = s.copy.keeper, s.voids, s.void, longestWait-voidWait
	}
	w := newWriter(s, o.Window, cmp.Or(o.afterGrant, time.Minute))
	if s.keeper == nil {
		s.off.Store(true)
	} else {
		w.prepare(ctx)
	}
	return s, w, nil
}

// Namespace is where sockets are connected.
type Namespace interface {
	Name() string
	Sockets() int
	Private(sid string) bool
	Each(func(*socketio.Socket))
	Succeeded(sid string) *socketio.Socket
}

// Follow tells where the sockets are whose sessions are kept, which is one namespace: those of another would be deleted after the
// window. While there are any, the gateway gives its signs of life. It is called once.
func (s *Sessions) Follow(ns Namespace) {
	s.follow(&sockets{ns.Name(), ns.Sockets, ns.Private, func(f func(session)) {
		ns.Each(func(socket *socketio.Socket) { f(socket) })
	}, func(sid string) session {
		if socket := ns.Succeeded(sid); socket != nil {
			return socket
		}
		return nil
	}})
}

func (s *Sessions) follow(all *sockets) {
	s.sockets.Store(all)
	if s.copy != nil {
		s.copy.sockets.Store(all)
	}
}

// sockets are those that are connected.
type sockets struct {
	namespace string
	count     func() int
	has       func(sid string) bool
	each      func(func(session))
	succeeded func(sid string) session // nil if none has it
}

// session is a socket, as far as it matters here.
type session interface {
	ID() string
	// Session says what is to be kept now; a session without an id is not to be kept any more.
	Session() socketio.SavedSession
	// Supersede ends the socket, since its session is another gateway's.
	Supersede()
}

// Changed has the socket's session written soon. It returns at once.
func (s *Sessions) Changed(socket *socketio.Socket) { s.changed(socket) }

func (s *Sessions) changed(one session) {
	s.add(change{sid: one.ID(), session: one})
}

func (s *Sessions) add(one change) {
	if s.off.Load() {
		return
	}
	one.at = cmp.Or(one.at, readAt()) // the same in both
	if s.copy != nil {                // first: whoever waits for both finds both
		s.copy.add(one)
	}
	s.countDropped(s.changes.add(one))
}

// Ended has a session deleted soon. It returns at once.
func (s *Sessions) Ended(namespace, sid string) {
	s.add(change{sid: sid, namespace: namespace})
}

// WhenSaved calls done once. With true when the socket's session is written as it is now: whoever is killed after that is succeeded by one
// that knows it. That is at once where nothing is to be written or nothing can be kept. What could not be written within two seconds is safe
// all the same if no write can have had the session yet, so that it does not come back at all. Otherwise done is called with false: after a
// kill the session would come back as it was, so the caller should give it up (socketio.GivenUp). Done may be called on the caller's
// goroutine or another, and must not block.
func (s *Sessions) WhenSaved(socket *socketio.Socket, done func(safe bool)) {
	s.whenSaved(socket.ID(), socket.Began(), done)
}

func (s *Sessions) whenSaved(sid string, born time.Time, done func(safe bool)) {
	if s.copy == nil {
		s.changes.wait(sid, born, done)
		return
	}
	s.copy.wait(sid, born, func(copied bool) {
		if copied {
			s.changes.waitOrVoid(sid, born, done)
			return
		}
		s.changes.wait(sid, born, func(safe bool) { done(safe && !s.isVoid(sid)) })
	})
}

func (s *Sessions) countDropped(n int) {
	if n > 0 {
		s.dropped.Store(true)
		s.watch.SessionsUnwritten("full", n)
	}
}

// Close answers claims that wait with an error, writes what has changed, and ends every goroutine and connection. When ctx ends
// first, what is left is not written, and ctx's error is returned.
func (s *Sessions) Close(ctx context.Context) error {
	s.shutting.Do(func() {
		impatient := context.AfterFunc(ctx, s.end)
		s.refuse()
		s.running.Wait()
		if s.copy != nil {
			s.copy.Close(ctx) // what is left of it is in Redis, or told below
		}
		if s.keeper != nil {
			s.keeper.close()
		}
		if !impatient() && s.changes.len() > 0 {
			s.closed = fmt.Errorf("write %d sessions: %w", s.changes.len(), ctx.Err())
		}
		s.end()
	})
	return s.closed
}

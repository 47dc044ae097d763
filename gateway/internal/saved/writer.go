package saved

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

const (
	// statementTimeout bounds each statement.
	statementTimeout = 5 * time.Second
	// signOfLife is how often a gateway to which somebody is connected tells that it lives.
	signOfLife = time.Second
	// betweenStatements gathers what comes in a rush, of changes and of claims. One that comes alone has its statement at once.
	betweenStatements = 20 * time.Millisecond
	// sessionsAtOnce and bytesAtOnce bound one write.
	sessionsAtOnce = 5_000
	bytesAtOnce    = 4 << 20
	// sayEvery is how often the log is told that a session can't be saved.
	sayEvery = time.Minute
)

// writer writes what has changed. It belongs to one goroutine.
type writer struct {
	*Sessions
	window     time.Duration
	afterGrant time.Duration
	ready      bool      // the keeper was prepared, and has not failed since
	prepared   time.Time // last attempt
	rest       []session // of all that are connected, those that are still to be written anew
	beaten     time.Time // last sign of life
	swept      time.Time
	absent     map[key]time.Time    // sessions of this gateway without a socket, and since when they are known to be
	pause      time.Duration        // before the next attempt; 0 unless the last one failed
	said       string               // what the log was told of a trouble that goes on
	unwritten  map[string]time.Time // when the log was told of a cause
	renewed    time.Time            // when all sessions began to be written anew, so that they last
	succeeded  []succeeded          // sockets whose sessions are other gateways'
	says       sayings
	failing    *atomic.Bool // is told whether the last write has failed
}

func newWriter(s *Sessions, window, afterGrant time.Duration) *writer {
	return &writer{Sessions: s, window: window, afterGrant: afterGrant, unwritten: make(map[string]time.Time), renewed: time.Now(), says: theSayings, failing: new(atomic.Bool)}
}

// run writes until the sessions are closed, and then what is left.
func (w *writer) run() {
	beat := time.NewTicker(signOfLife)
	defer beat.Stop()
	for w.claiming.Err() == nil {
		select {
		case <-w.claiming.Done():
		case <-w.changes.some:
		case <-beat.C:
		}
		for w.claiming.Err() == nil && w.pass(w.life) && sleep(w.claiming, max(betweenStatements, w.pause)) {
		}
	}
	for w.life.Err() == nil && w.pass(w.life) && sleep(w.life, w.pause) {
	}
	if w.ready && !w.beaten.IsZero() {
		ctx, cancel := context.WithTimeout(w.life, statementTimeout)
		defer cancel()
		w.write(ctx, nil, nil) // the window of those who are away begins now
	}
}

// pass writes once, if there is something to write. It returns true if there is more, or to try again.
func (w *writer) pass(life context.Context) (more bool) {
	ctx, cancel := context.WithTimeout(life, statementTimeout)
	defer cancel()
	if w.off.Load() && time.Since(w.prepared) < w.afterGrant {
		return false
	}
	if w.suspect.Swap(false) || w.off.Load() {
		w.ready = false
	}
	if !w.ready && !w.prepare(life) {
		return !w.off.Load()
	}
	w.supersede(time.Now())
	if w.dropped.Swap(false) || w.mustRenew() {
		w.writeAnew()
	}
	g := w.gather()
	if len(g.taken) == 0 && !w.isDue() {
		return false
	}
	if err := w.write(ctx, g.saves, g.ends); err != nil {
		w.countDropped(w.changes.putBack(g.taken))
		w.failed(err)
		return true
	}
	w.changes.settle(g.taken)
	w.validate(ctx, g)
	w.sweep(life)
	return len(w.rest) > 0 || w.changes.len() > 0
}

// validate takes back that sessions are void which are written now.
func (w *writer) validate(ctx context.Context, g gathered) {
	if w.voids == nil {
		return
	}
	keys := g.ends
	for _, one := range g.saves {
		keys = append(keys, one.key)
	}
	if err := w.voids.written(ctx, keys); err != nil && w.life.Err() == nil {
		w.log.Debug("what is noted of sessions that could not be saved can't be taken back yet", "error", err)
	}
}

// isDue tells whether a sign of life is.
func (w *writer) isDue() bool {
	crowd := w.sockets.Load()
	return crowd != nil && crowd.count() > 0 && time.Since(w.beaten) > signOfLife*9/10
}

// prepare makes sure of the keeper.
func (w *writer) prepare(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*statementTimeout)
	defer cancel()
	w.prepared = time.Now()
	if err := w.keeper.prepare(ctx); err != nil {
		w.off.Store(database.IsForbidden(err))
		w.failed(err)
		return false
	}
	if w.ready = true; w.off.Swap(false) {
		w.writeAnew()
	}
	return true
}

// sayings are what the log is told.
type sayings struct{ outage, off, back, anew string }

var (
	theSayings = sayings{
		outage: "sessions of clients can't be saved: they are kept in memory until they can",
		off:    "sessions of clients are kept in memory only, and are lost when the gateway ends: ",
		back:   "sessions of clients are saved from now on",
		anew:   "the saved sessions were lost, as by a crash of the database: those of all who are connected are saved anew",
	}
	copySayings = sayings{
		outage: "sessions of clients can't be copied into Postgres: if Redis loses them now, who comes back from a gateway that is killed begins anew",
		off:    "sessions of clients are in Redis only: if it loses them, who comes back from a gateway that is killed begins anew: ",
		back:   "sessions of clients are copied into Postgres from now on",
		anew:   "the copies of sessions in Postgres are made anew",
	}
)

// failed notes an error; the next pass prepares anew. The log is told once of an outage, and once of each right that is missing.
func (w *writer) failed(err error) {
	w.ready, w.pause = false, longer(w.pause)
	w.failing.Store(true)
	said := w.says.outage
	if w.off.Load() {
		w.changes.clear()
		w.rest = nil
		said = w.says.off + w.missing()
	}
	if said != w.said && w.life.Err() == nil {
		w.said = said
		w.log.Warn(said, "error", err)
	}
}

// missing says what would mend it where nothing can be kept.
func (w *writer) missing() string {
	ctx, cancel := context.WithTimeout(w.life, statementTimeout)
	defer cancel()
	_, missing, err := w.keeper.look(ctx)
	if err != nil || missing == "" {
		return "the error tells why"
	}
	return missing
}

// write writes in one go or, where the database rejects one of the sessions, in several.
func (w *writer) write(ctx context.Context, saves []row, ends []key) error {
	began, before := time.Now(), w.changes.sending(time.Now())
	done, err := w.keeper.write(ctx, saves, ends)
	if err != nil && done.anew {
		w.changes.sending(time.Time{})
	} else if err != nil && !database.InDoubt(err) {
		w.changes.sending(before)
	}
	switch {
	case database.IsRejected(err) && len(saves) > 0:
		return w.sift(ctx, saves, ends)
	case err != nil:
		return err
	}
	w.failing.Store(false)
	if w.pause = 0; w.said != "" {
		w.log.Info(w.says.back)
		w.said = ""
	}
	w.watch.SessionsWritten(len(saves)-len(done.refused)+len(ends), time.Since(began))
	if taken := len(done.refused); taken > 0 {
		w.watch.SessionsUnwritten("taken", taken)
	}
	w.succeed(append(done.refused, done.claimed...))
	if done.anew && !w.beaten.IsZero() {
		if time.Since(w.beaten) < w.window { // or they were swept away, with nobody connected
			w.log.Warn(w.says.anew)
		}
		w.writeAnew()
	}
	w.beaten = time.Now()
	return nil
}

// sift writes each half by itself, so that a session that the database rejects costs only itself.
func (w *writer) sift(ctx context.Context, saves []row, ends []key) error {
	if len(saves) == 1 {
		w.tellUnwritten("rejected")
		err := w.write(ctx, nil, append(ends, saves[0].key)) // it must not come back as it was
		if database.IsRejected(err) {
			return w.write(ctx, nil, ends)
		}
		return err
	}
	half := len(saves) / 2
	if err := w.write(ctx, saves[:half], ends); err != nil {
		return err
	}
	return w.write(ctx, saves[half:], nil)
}

func (w *writer) tellUnwritten(cause string) {
	w.watch.SessionsUnwritten(cause, 1)
	if time.Since(w.unwritten[cause]) > sayEvery {
		w.unwritten[cause] = time.Now()
		w.log.Warn("a session can't be saved, and is lost when the gateway ends", "cause", cause)
	}
}

// longer is the pause after one more failure. It stays short: answers wait for the first write of a database that is back.
func longer(pause time.Duration) time.Duration {
	return min(max(2*pause, 100*time.Millisecond), time.Second)
}

// sleep returns false if ctx ends first.
func sleep(ctx context.Context, pause time.Duration) bool {
	if pause == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

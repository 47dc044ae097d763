package saved

import (
	"context"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

const (
	// statementTimeout bounds each statement.
	statementTimeout = 5 * time.Second
	// signOfLife is how often a gateway to which somebody is connected tells that it lives.
	signOfLife = time.Second
	// betweenWrites gathers what changes in a rush. A change that comes alone is written at once.
	betweenWrites = 20 * time.Millisecond
	// sessionsAtOnce and bytesAtOnce bound one write.
	sessionsAtOnce = 5_000
	bytesAtOnce    = 4 << 20
	// said is how often the log is told that a session can't be saved.
	said = time.Minute
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
	pause      time.Duration // before the next attempt; 0 unless the last one failed
	warned     warned
	unwritten  map[string]time.Time // when the log was told of a cause
}

// warned is what the log was told last.
type warned int

const (
	warnedNothing warned = iota
	warnedOutage
	warnedOff
)

func newWriter(s *Sessions, window, afterGrant time.Duration) *writer {
	return &writer{Sessions: s, window: window, afterGrant: afterGrant, unwritten: make(map[string]time.Time)}
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
		for w.claiming.Err() == nil && w.pass(w.life) && sleep(w.claiming, max(betweenWrites, w.pause)) {
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
	if w.dropped.Swap(false) {
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
	w.sweep(ctx)
	return len(w.rest) > 0 || w.changes.len() > 0
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
	if w.pause = 0; w.warned != warnedNothing {
		w.log.Info("sessions of clients are saved again")
		w.warned = warnedNothing
	}
	if w.ready = true; w.off.Swap(false) {
		w.writeAnew()
	}
	return true
}

// failed notes an error; the next pass prepares anew. The log is told once of an outage, and once of a right that is missing.
func (w *writer) failed(err error) {
	w.ready, w.pause = false, longer(w.pause)
	told := w.warned
	if w.off.Load() {
		w.changes.clear()
		w.rest, w.warned = nil, warnedOff
	} else {
		w.warned = warnedOutage
	}
	if told == w.warned || w.life.Err() != nil {
		return
	}
	if w.warned == warnedOutage {
		w.log.Warn("sessions of clients can't be saved: they are kept in memory until they can", "error", err)
		return
	}
	ctx, cancel := context.WithTimeout(w.life, statementTimeout)
	defer cancel()
	grant, lookErr := w.keeper.grant(ctx)
	if lookErr != nil || grant == "" {
		grant = "see the error, and socketgate schema"
	}
	w.log.Warn("sessions of clients are kept in memory only, and are lost when the gateway ends: "+grant, "error", err)
}

// write writes in one go or, where the database rejects one of the sessions, in several.
func (w *writer) write(ctx context.Context, saves []row, ends []key) error {
	began := time.Now()
	kept, anew, err := w.keeper.write(ctx, saves, ends)
	switch {
	case database.IsRejected(err) && len(saves) > 0:
		return w.sift(ctx, saves, ends)
	case err != nil:
		return err
	}
	w.pause = 0
	w.watch.SessionsWritten(kept+len(ends), time.Since(began))
	if taken := len(saves) - kept; taken > 0 {
		w.watch.SessionsUnwritten("taken", taken)
	}
	if anew && !w.beaten.IsZero() {
		if time.Since(w.beaten) < w.window { // or they were swept away, with nobody connected
			w.log.Warn("the saved sessions were lost, as by a crash of the database: those of all who are connected are saved anew")
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
		return w.write(ctx, nil, ends)
	}
	half := len(saves) / 2
	if err := w.write(ctx, saves[:half], ends); err != nil {
		return err
	}
	return w.write(ctx, saves[half:], nil)
}

func (w *writer) tellUnwritten(cause string) {
	w.watch.SessionsUnwritten(cause, 1)
	if time.Since(w.unwritten[cause]) > said {
		w.unwritten[cause] = time.Now()
		w.log.Warn("a session can't be saved, and is lost when the gateway ends", "cause", cause)
	}
}

// sweep deletes what is past the window, four times in a window.
func (w *writer) sweep(ctx context.Context) {
	if time.Since(w.swept) < w.window/4 {
		return
	}
	more, err := w.keeper.sweep(ctx)
	if err != nil {
		w.failed(err)
		return
	}
	if !more {
		w.swept = time.Now()
	}
}

// longer is the pause after one more failure.
func longer(pause time.Duration) time.Duration {
	return min(max(2*pause, 100*time.Millisecond), 5*time.Second)
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

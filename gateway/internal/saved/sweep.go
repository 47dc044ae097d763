package saved

import (
	"context"
	"time"
)

// sweep deletes what is past the window, four times in a window. What fails is left for the next time.
func (w *writer) sweep(life context.Context) {
	now := time.Now()
	if now.Sub(w.swept) < w.window/4 {
		return
	}
	ctx, cancel := context.WithTimeout(life, statementTimeout)
	defer cancel()
	err := w.deleteAbsent(ctx, now)
	more := false
	if err == nil {
		more, err = w.keeper.sweep(ctx)
	}
	if err != nil && life.Err() == nil {
		w.log.Warn("sessions of clients that are past RECOVERY_WINDOW can't be deleted: the gateway tries again", "error", err)
	}
	if !more {
		w.swept = now
	}
}

// deleteAbsent deletes the sessions of this gateway whose clients have been away for the window. Nobody tells that a client did not
// come back, and an end that was told may have found no place among the changes: they would stay for as long as the process runs.
func (w *writer) deleteAbsent(ctx context.Context, now time.Time) error {
	crowd := w.sockets.Load()
	if crowd == nil {
		return nil
	}
	owned, err := w.keeper.owned(ctx)
	if err != nil {
		return err
	}
	connected := make(map[key]bool)
	crowd.each(func(one session) { connected[keyOf(crowd.namespace, one.ID())] = true })
	absent := make(map[key]time.Time)
	var over []key
	for _, one := range owned {
		since, isKnown := w.absent[one]
		switch {
		case connected[one]:
		case !isKnown:
			absent[one] = now
		case now.Sub(since) >= w.window && len(over) < sessionsAtOnce:
			over = append(over, one)
		default:
			absent[one] = since
		}
	}
	w.absent = absent
	if len(over) == 0 {
		return nil
	}
	return w.write(ctx, nil, over)
}

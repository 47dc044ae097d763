package saved

import (
	"context"
	"time"
)

// sweep deletes what is past the window, four times in a window.
func (w *writer) sweep(ctx context.Context) error {
	if time.Since(w.swept) < w.window/4 {
		return nil
	}
	if err := w.deleteAbsent(ctx, time.Now()); err != nil {
		return err
	}
	more, err := w.keeper.sweep(ctx)
	if err == nil && !more {
		w.swept = time.Now()
	}
	return err
}

// deleteAbsent deletes the sessions of this gateway whose clients have been away for the window. Their end is told as a rule;
// where it was not, or found no place among the changes, they would stay for as long as the process runs.
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

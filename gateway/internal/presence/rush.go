package presence

import "time"

// When many come and go in all rooms together, as after a restart or a network failure, every list is out of date before it has been written,
// and writing lists to everybody is the dearest part of a reconnect. So rooms are told less often until the rush is over.
const (
	rushStep  = time.Second // in the place of shortestStep
	rushRate  = 1000        // changes a second, of all rooms
	rushAfter = 1000        // changes beyond that
)

// rush counts changes, as a budget that is overdrawn in a rush. Rosters.mu guards it.
type rush struct{ changes budget }

func (r *rush) change(now time.Time) {
	r.changes.charge(1, now, rushRate)
	r.changes.spent = min(r.changes.spent, rushAfter+rushRate/2) // it is over half a second after the last
}

// step is the least time between two lists for one room.
func (r *rush) step(now time.Time) time.Duration {
	if r.changes.wait(now, rushRate, rushAfter) > 0 {
		return rushStep
	}
	return shortestStep
}

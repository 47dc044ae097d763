package presence

import "time"

// lane is rooms that wait to be told, and what telling them has cost. Cheap lists have a lane and half of the budget of their
// own, so that rooms of thousands do not delay rooms of ten.
type lane struct {
	due   schedule
	spent budget
	rate  float64 // bytes per second; 0 is no limit
}

const (
	cheap = iota
	dear
	lanes
)

// dearShare is the share of a second's budget from which on a list is dear. With the default that is the list of a room of some hundred people.
const dearShare = 0.01

// laneOf is where a room waits, by what its last list cost.
func (r *Rosters) laneOf(t *roster) *lane {
	if r.rate > 0 && float64(t.cost) > r.rate*dearShare {
		return &r.lanes[dear]
	}
	return &r.lanes[cheap]
}

// wait is how long the room that is due first has to wait, and whether that is for the budget. The lane is not empty.
func (l *lane) wait(now time.Time) (wait time.Duration, short bool) {
	wait = l.due[0].due.Sub(now)
	if l.rate == 0 {
		return wait, false
	}
	if budget := l.spent.wait(now, l.rate, l.rate); budget > max(wait, 0) {
		return budget, true
	}
	return wait, false
}

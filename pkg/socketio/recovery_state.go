package socketio

import "time"

// RecoveryState is what a server keeps for those who may come back.
type RecoveryState struct {
	Away      int           // sessions of clients that are away
	Forgotten uint64        // sessions that had to go for want of room, before the Window had passed
	Events    int           // kept events in memory
	Bytes     int           // that these take
	Reach     time.Duration // how long ago the oldest of them was told, or read
}

// Recovery returns the state of Options.Recovery; all is zero without.
func (s *Server) Recovery() (state RecoveryState) {
	if s.recovery == nil {
		return state
	}
	s.recovery.absences.count(&state)
	s.recovery.delivery.count(&state)
	return state
}

func (as *absences) count(state *RecoveryState) {
	as.mu.Lock()
	defer as.mu.Unlock()
	state.Away, state.Forgotten = len(as.byID), as.forgotten
}

func (d *delivery) count(state *RecoveryState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	state.Events, state.Bytes = d.ring.events, d.ring.bytes
	state.Reach = d.ring.heldFor()
}

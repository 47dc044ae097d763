package attach

import "time"

// moment is a time since the Hub began: a third of what a time.Time takes.
type moment time.Duration

func (h *Hub) now() moment { return moment(time.Since(h.began)) }

// at is a moment for everybody else.
func (h *Hub) at(m moment) time.Time { return h.began.Add(time.Duration(m)) }

package engineio

// elders are those who wait for the same thing, by network, in the order in which they came. Once a network has as many as it may, each that
// comes takes the place of the one that has taken longest: whoever speaks does so at once, and who comes to say nothing, or a byte at a
// time, locks nobody out but themselves. The owner's mutex guards it, and the seats of those who are in it.
type elders[T any] struct {
	of map[uint64]*lineage[T] // by network; each has somebody
}

type lineage[T any] struct{ eldest, youngest *seat[T] }

// seat is somebody's place among the elders.
type seat[T any] struct {
	who            *T
	network        uint64
	elder, younger *seat[T]
}

// enter has somebody be the youngest of a network. The seat is not taken.
func (e *elders[T]) enter(s *seat[T], who *T, network uint64) {
	if e.of == nil {
		e.of = make(map[uint64]*lineage[T])
	}
	l := e.of[network]
	if l == nil {
		l = &lineage[T]{eldest: s}
		e.of[network] = l
	} else {
		l.youngest.younger, s.elder = s, l.youngest
	}
	l.youngest, s.who, s.network = s, who, network
}

// leave frees a seat. False means that it was not taken.
func (e *elders[T]) leave(s *seat[T]) bool {
	if s.who == nil {
		return false
	}
	l := e.of[s.network]
	if s.elder != nil {
		s.elder.younger = s.younger
	} else {
		l.eldest = s.younger
	}
	if s.younger != nil {
		s.younger.elder = s.elder
	} else {
		l.youngest = s.elder
	}
	if l.eldest == nil {
		delete(e.of, s.network)
	}
	*s = seat[T]{}
	return true
}

// eldest returns who of a network has waited longest; nil is nobody.
func (e *elders[T]) eldest(network uint64) *T {
	if l := e.of[network]; l != nil {
		return l.eldest.who
	}
	return nil
}

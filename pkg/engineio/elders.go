package engineio

// elders are those who wait for the same thing, by network, in the order in which they came. Once a network has as many as it may have, a
// newcomer takes the place of its eldest. Honest clients speak at once and are soon gone from here, so that whoever comes to say nothing, or
// a byte at a time, pushes out only its own kind. The owner's mutex guards it, and the seats of those who are in it.
type elders[T any] struct {
	of map[uint64]*row[T] // by network; each has somebody
}

// enter has somebody be the youngest of a network. The seat is not taken.
func (e *elders[T]) enter(s *seat[T], who *T, network uint64) {
	if e.of == nil {
		e.of = make(map[uint64]*row[T])
	}
	r := e.of[network]
	if r == nil {
		r = new(row[T])
		e.of[network] = r
	}
	r.enter(s, who)
}

// leave frees a seat of a network, if it is taken.
func (e *elders[T]) leave(s *seat[T], network uint64) {
	if s.who == nil {
		return
	}
	r := e.of[network]
	if r.leave(s); r.first == nil {
		delete(e.of, network)
	}
}

// eldest returns who of a network has waited longest; nil is nobody.
func (e *elders[T]) eldest(network uint64) *T {
	if r := e.of[network]; r != nil {
		return r.first.who
	}
	return nil
}

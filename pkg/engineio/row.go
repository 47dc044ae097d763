package engineio

// row is who waits, in the order in which they came. Whoever owns it has a mutex that guards it, and the seats of those who are in it.
type row[T any] struct{ first, last *seat[T] }

// seat is somebody's place in a row. It is in one at most.
type seat[T any] struct {
	who           *T // nil while nobody has it
	before, after *seat[T]
}

// enter has somebody be the last. The seat is not taken.
func (r *row[T]) enter(s *seat[T], who *T) {
	s.who, s.before = who, r.last
	if r.last != nil {
		r.last.after = s
	} else {
		r.first = s
	}
	r.last = s
}

// leave frees a seat that is taken.
func (r *row[T]) leave(s *seat[T]) {
	if s.before != nil {
		s.before.after = s.after
	} else {
		r.first = s.after
	}
	if s.after != nil {
		s.after.before = s.before
	} else {
		r.last = s.before
	}
	*s = seat[T]{}
}

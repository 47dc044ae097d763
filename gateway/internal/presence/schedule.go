package presence

// schedule is a heap of rosters by the time when they are due to be told. Rosters.mu guards it.
type schedule []*roster

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].due.Before(s[j].due) }
func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].index, s[j].index = i, j
}

// Push is called by package heap only, as Pop is.
func (s *schedule) Push(x any) {
	t := x.(*roster)
	t.index = len(*s)
	*s = append(*s, t)
}

func (s *schedule) Pop() any {
	last := len(*s) - 1
	t := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return t
}

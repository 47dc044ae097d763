package attach

import "slices"

// fewRooms is up to how many rooms are looked through, which is faster than a map, and smaller.
const fewRooms = 32

// seats are those of one socket, in the order in which they were taken as long as they are few. A client can have an app join as many rooms
// as fit into a packet: to take, find or give up one of many costs the same however many there are.
type seats struct {
	list   []seat
	places map[string]int // in the list, by room, where there are many
}

// find returns where in the list the one in a room is, or -1.
func (l *seats) find(room string) int {
	if l.places == nil {
		return slices.IndexFunc(l.list, func(one seat) bool { return one.room.name == room })
	}
	if i, found := l.places[room]; found {
		return i
	}
	return -1
}

// add takes in one in a room in which there is none.
func (l *seats) add(one seat) {
	l.list = append(l.list, one)
	switch {
	case l.places != nil:
		l.places[one.room.name] = len(l.list) - 1
	case len(l.list) > fewRooms:
		l.places = make(map[string]int, 2*fewRooms)
		for i, one := range l.list {
			l.places[one.room.name] = i
		}
	}
}

// take takes out the one at i. Among many the last comes in its place.
func (l *seats) take(i int) {
	if l.places == nil {
		l.list = slices.Delete(l.list, i, i+1)
		return
	}
	delete(l.places, l.list[i].room.name)
	last := len(l.list) - 1
	if l.list[i] = l.list[last]; i < last {
		l.places[l.list[i].room.name] = i
	}
	l.list = slices.Delete(l.list, last, last+1)
	if last <= fewRooms/2 {
		l.places = nil
	}
}

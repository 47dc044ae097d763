package attach

import "slices"

// fewRooms is up to how many rooms are looked through, which is faster than a map, and smaller.
const fewRooms = 32

// places are what one socket has in rooms, one in each, in the order in which they were taken as long as they are few. A client can have an
// app join as many rooms as fit into a packet: to take, find or give up one of many costs the same however many there are.
type places[P interface{ roomName() string }] struct {
	list []P
	at   map[string]int // in the list, by room, where there are many
}

// find returns where in the list the one in a room is, or -1.
func (l *places[P]) find(room string) int {
	if l.at == nil {
		return slices.IndexFunc(l.list, func(one P) bool { return one.roomName() == room })
	}
	if i, found := l.at[room]; found {
		return i
	}
	return -1
}

// add takes in one in a room in which there is none.
func (l *places[P]) add(one P) {
	l.list = append(l.list, one)
	switch {
	case l.at != nil:
		l.at[one.roomName()] = len(l.list) - 1
	case len(l.list) > fewRooms:
		l.at = make(map[string]int, 2*fewRooms)
		for i, one := range l.list {
			l.at[one.roomName()] = i
		}
	}
}

// take takes out the one at i. Among many the last comes in its place.
func (l *places[P]) take(i int) {
	if l.at == nil {
		l.list = slices.Delete(l.list, i, i+1)
		return
	}
	delete(l.at, l.list[i].roomName())
	last := len(l.list) - 1
	if l.list[i] = l.list[last]; i < last {
		l.at[l.list[i].roomName()] = i
	}
	l.list = slices.Delete(l.list, last, last+1)
	if last <= fewRooms/2 {
		l.at = nil
	}
}

package store

import (
	"slices"
	"strings"
)

// places finds the columns that say where a message goes: to a room, to a person, or to either. Who writes to a person
// is looked for where the table has no room, or where a row needs neither.
func (f *finder) places(m *Mapping, c Config) {
	receivers := f.usual(receiverNames, anyColumn)
	hasRoom := c.RoomColumn != "" || len(f.usual(roomNames, anyColumn)) > 0
	if !hasRoom && c.ReceiverColumn == "" && len(receivers) == 0 {
		f.fail("no room column: looked for %s, and for a person's among %s; it has %s; set MESSAGE_ROOM_COLUMN, or MESSAGE_RECEIVER_COLUMN where messages go to one person",
			strings.Join(roomNames, ", "), strings.Join(receiverNames, ", "), f.has())
	}
	if hasRoom {
		m.Room = f.one("room", roomNames, "MESSAGE_ROOM_COLUMN", c.RoomColumn, anyColumn, onlyOne)
	}
	f.notAPerson(*m)
	needed := func(c Column) bool { return c.required }
	if c.ReceiverColumn != "" || len(receivers) > 0 && (!hasRoom || !m.Room.required && !slices.ContainsFunc(receivers, needed)) {
		m.Receiver = f.one("receiver", receiverNames, "MESSAGE_RECEIVER_COLUMN", c.ReceiverColumn, anyColumn, onlyOne)
	}
	for _, place := range m.places() {
		if len(m.places()) == 2 && place.mustBeFilled() {
			f.fail("column %q is NOT NULL, but a message goes to a room (%q) or to a person (%q), so that one of them stays empty; make it optional, or take MESSAGE_ROOM_COLUMN or MESSAGE_RECEIVER_COLUMN away",
				place.Name, m.Room.Name, m.Receiver.Name)
		}
	}
}

// notAPerson makes sure that the room is no user: who joins a room hears all that is sent there. Of a key of several columns
// both the room and the sender refer to one table, so that a room by its usual name is one.
func (f *finder) notAPerson(m Mapping) {
	isIn := func(names []string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return fold(name) == fold(m.Room.Name) })
	}
	isUser := m.Room.refersTo != "" && m.Room.refersTo == m.User.refersTo && !isIn(roomNames)
	if isIn(receiverNames) || isUser {
		f.fail("column %[1]q holds a person and no room: whoever joined the room of that name would read that person's messages; set MESSAGE_RECEIVER_COLUMN=%[1]s instead of MESSAGE_ROOM_COLUMN",
			m.Room.Name)
	}
}

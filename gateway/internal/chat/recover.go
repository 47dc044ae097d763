package chat

import (
	"errors"
	"slices"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// mayRecover returns the rooms of a session that its user may still be in, when a client takes it up again: the rules and the
// app's own query are asked as if it joined. Rooms that it has left come first, by themselves. An error means that nobody knows; then the
// client starts anew, and joins.
func (c *Chat) mayRecover(s *socketio.Socket, rooms []string) (granted []string, err error) {
	m := s.Data.(*member)
	if m.back == nil {
		m.back = new(comeback)
	}
	var asked []message.Seat
	for _, room := range rooms {
		fits, may := c.rule(room, m.ID)
		switch {
		case contract.IsPersonal(room):
			may = c.hasPersonal() && room == contract.PersonalRoom(m.ID)
		case c.isOwn(room, m.ID) || c.isDefault(room) || m.isGiven(room):
			may = true
		case !fits && c.onlyGiven():
		case !fits && c.options.Guarded:
			asked = append(asked, message.Seat{Room: room, User: m.ID})
		case !fits:
			may = true
		}
		if may {
			granted = append(granted, room)
		}
	}
	if len(asked) > 0 {
		if !c.affordsJoins(c.users.of(m.ID), len(asked)) { // it is counted in later: it may not be let in
			return nil, errTooManyRooms
		}
		may, err := c.grants.ask(c.ctx, asked)
		if err != nil {
			c.nobodyKnowsAccess(err)
			return nil, err
		}
		for i, seat := range asked {
			if may[i] {
				granted = append(granted, seat.Room)
			}
		}
	}
	m.back.atFirst = slices.ContainsFunc(rooms, func(room string) bool { return c.isFirst(m, room) })
	// The last call counts, which is of the rooms that the session is in.
	m.back.lost = slices.DeleteFunc(slices.Clone(rooms), func(room string) bool { return contract.IsPersonal(room) || slices.Contains(granted, room) })
	return granted, nil
}

// errRoomUnknown: nobody can say whether a client may join the room that it names as it connects.
var errRoomUnknown = errors.New("room access could not be checked")

// errTooManyRooms: the user's connections ask for more rooms than they may join. The new one begins anew.
var errTooManyRooms = errors.New("too many rooms are asked for")

// welcomeBack has a new socket take its seats, and tells its client of the rooms of its session in which it may not be any more.
func (c *Chat) welcomeBack(s *socketio.Socket, m *member) {
	defer c.tellArrival(s, m)
	if s.Recovered() && !m.back.atFirst { // it has left that room
		c.leaveFirst(s, m)
	}
	for _, room := range c.takeSeats(s, m) {
		if s.Recovered() {
			m.joined = true
			c.audit("join", m, room, "recovered")
		} else {
			c.audit("join", m, room, byServer)
		}
	}
	c.renewLate(m)
	if !s.Recovered() {
		m.back = nil
		return
	}
	for _, room := range m.back.lost {
		c.tellLost(s, m, room)
	}
}

// leaveFirst takes a socket out of the room where it was put as it connected.
func (c *Chat) leaveFirst(s *socketio.Socket, m *member) {
	for _, room := range s.Rooms() {
		if c.isFirst(m, room) && !c.hasGiven(m, room) {
			s.Leave(room)
		}
	}
}

// giveUpSeats takes a socket that ends out of the member lists. It stays in its rooms: these are what its client comes back to.
func (c *Chat) giveUpSeats(s *socketio.Socket, m *member) {
	m.seats.Lock()
	defer m.seats.Unlock()
	m.ended = true
	if !m.seated { // it was sent away while it connected
		return
	}
	m.seated = false
	for _, room := range c.joined(s) {
		c.rosters.Away(room, m.Person)
	}
	c.goOffline(m)
	if c.options.Gateways != nil {
		c.options.Gateways.Disconnected(m.ID)
	}
}

// takeSeats enters a new socket into the member lists of the rooms that it is in already because it was recovered, and returns
// these.
func (c *Chat) takeSeats(s *socketio.Socket, m *member) (rooms []string) {
	m.seats.Lock()
	defer m.seats.Unlock()
	if m.ended {
		return nil
	}
	m.seated = true
	if c.options.Gateways != nil {
		c.options.Gateways.Connected(m.ID)
	}
	c.comeOnline(s, m)
	rooms = c.joined(s)
	for _, room := range rooms {
		c.seat(s, m, room)
	}
	return rooms
}

// seat enters a socket into the list of a room that it has not asked for right now. m.seats is held.
func (c *Chat) seat(s *socketio.Socket, m *member, room string) {
	switch soon := c.rosters.Enter(room, m.Person); {
	case soon: // the list comes to this socket too
	case c.affordsList(m):
		c.tellList(s, m, room)
	default:
		c.rosters.TellAgain(room, m.Person)
	}
}

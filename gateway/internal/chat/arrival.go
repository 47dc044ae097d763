package chat

import (
	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// arrival is what became of the room that a client named as it connected, until the client is told.
type arrival struct {
	room    string            // in which its socket is now
	refusal *contract.Failure // or why it is not
}

// placeArriving takes a socket that is let in into the room that its client names, as if it had asked to join, with the same rights.
// An error means that nobody knows whether it may.
func (c *Chat) placeArriving(s *socketio.Socket, m *member, h *socketio.Handshake) error {
	room, refusal := contract.ArrivalRoom(c.arrivalRoom, h.Auth, h.Query.Get)
	if f, refused := refusal.(contract.Failure); refused {
		m.arrival = refusedArrival(f, "")
		return nil
	}
	if room == "" || c.isOwn(room, m.ID) {
		return nil
	}
	if !c.affordsJoins(c.users.of(m.ID), 1) { // it is counted in later: it may not be let in
		m.arrival = refusedArrival(tooManyJoins, room)
		return nil
	}
	switch f, refused := c.guard(room, m).(contract.Failure); {
	case refused && f.Code == contract.Unavailable:
		return errRoomUnknown
	case refused:
		c.audit("forbidden", m, room, "")
		m.arrival = refusedArrival(f, room)
	case s.Join(room) != nil: // it is another socket's own, or this one is gone
		m.arrival = refusedArrival(privateRoom, room)
	default:
		m.arrival = &arrival{room: room}
	}
	return nil
}

func refusedArrival(f contract.Failure, room string) *arrival {
	f.Room = room
	return &arrival{refusal: &f}
}

// isFirst tells whether a room is where a socket was put as it connected, without having to be.
func (c *Chat) isFirst(m *member, room string) bool {
	return c.isDefault(room) || m.arrival != nil && room != "" && room == m.arrival.room
}

// tellArrival tells a client why it is not in the room that it named.
func (c *Chat) tellArrival(s *socketio.Socket, m *member) {
	if a := m.arrival; a != nil && a.refusal != nil && !s.Recovered() { // who is told of each room that is lost
		s.Emit("error", a.refusal.Event(c.options.JoinEvents[0]))
	}
	m.arrival = nil
}

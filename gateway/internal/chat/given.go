package chat

import (
	"context"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// placeNew takes a socket that is let in into the rooms that the server chooses, before the client is told that it is connected: whatever
// is sent to them after that must reach it. An error means that nobody knows the rooms. Join's errors don't matter: a socket that is gone
// hears nothing anyway.
func (c *Chat) placeNew(s *socketio.Socket, m *member, h *socketio.Handshake) error {
	if c.roomsOf != nil {
		m.renewal = c.renewals.begun()
		rooms, err := c.roomsOf.ask(c.ctx, []string{m.ID})
		if err != nil {
			c.nobodyKnowsRooms(err)
			return err
		}
		m.given = rooms[0]
		for _, room := range m.given {
			s.Join(room)
		}
	}
	if c.hasPersonal() {
		s.Join(contract.PersonalRoom(m.ID))
	}
	if c.options.PersonalRoom != "" {
		s.Join(c.ownRoom(m.ID))
	}
	if c.options.DefaultRoom != "" {
		s.Join(c.options.DefaultRoom)
	}
	if c.arrivalRoom != "" {
		return c.placeArriving(s, m, h)
	}
	return nil
}

func (c *Chat) nobodyKnowsRooms(err error) {
	if c.ctx.Err() == nil && c.roomsLog.allow() {
		c.options.Logger.Warn("the rooms of a user could not be asked for", "error", err)
	}
}

// hasPersonal tells whether each socket is in its user's room of contract.PersonalRoom: messages are
// sent there or not, or users are looked for.
func (c *Chat) hasPersonal() bool {
	return c.direct() || c.roomsOf != nil || c.options.NoEcho || c.options.WebApp || c.relaysTo(ToUser)
}

// ownRoom is the room that Options.PersonalRoom names for a user.
func (c *Chat) ownRoom(user string) string {
	return strings.ReplaceAll(c.options.PersonalRoom, theUser, user)
}

func (c *Chat) isOwn(room, user string) bool {
	return c.options.PersonalRoom != "" && room == c.ownRoom(user)
}

func (c *Chat) isDefault(room string) bool { return room != "" && room == c.options.DefaultRoom }

// onlyGiven tells that the app says of its users where they are, and of no other room who may join.
func (c *Chat) onlyGiven() bool { return c.roomsOf != nil && !c.options.Guarded }

// isGiven tells whether the server has chosen a room. m.seats is held, or the socket is not connected yet.
func (m *member) isGiven(room string) bool {
	_, found := slices.BinarySearch(m.given, room)
	return found
}

func (c *Chat) hasGiven(m *member, room string) bool {
	m.seats.Lock()
	defer m.seats.Unlock()
	return m.isGiven(room)
}

// chosen returns those of the rooms that the client has chosen.
func (c *Chat) chosen(m *member, rooms []string) []string {
	m.seats.Lock()
	defer m.seats.Unlock()
	return slices.DeleteFunc(slices.Clone(rooms), m.isGiven)
}

// mayByServer tells whether the server's choices let a member join a room, and whether they alone decide that. The choices known here may be
// older than the room, so they are asked for again before they refuse.
func (c *Chat) mayByServer(room string, m *member) (may, decided bool, err error) {
	if c.isDefault(room) || c.hasGiven(m, room) {
		return true, true, nil
	}
	if fits, _ := c.rule(room, m.ID); fits || !c.onlyGiven() {
		return false, false, nil
	}
	may, err = c.isGivenNow(m, room)
	return may, true, err
}

// isGivenNow asks for the rooms of a member's user again, takes the user's sockets there, and tells whether a room is among them.
func (c *Chat) isGivenNow(m *member, room string) (bool, error) {
	rooms, err := c.roomsOf.ask(c.ctx, []string{m.ID})
	if err != nil {
		c.nobodyKnowsRooms(err)
		return false, err
	}
	return slices.Contains(rooms[0], room), nil
}

// isNewRoom tells whether a room that a member is not in has become one of theirs since it was asked last.
func (c *Chat) isNewRoom(m *member, room string) bool {
	if c.roomsOf == nil || !c.affordsJoin(m) {
		return false
	}
	is, err := c.isGivenNow(m, room)
	return is && err == nil
}

// askRooms asks for the rooms of users, and takes their sockets there. Questions are answered one after the other, so that no socket
// goes back to where an older answer had it.
func (c *Chat) askRooms(ctx context.Context, users []string) ([][]string, error) {
	all, err := c.options.UserRooms.Of(ctx, users)
	if err != nil {
		return nil, err
	}
	for i, user := range users {
		slices.Sort(all[i])
		all[i] = slices.Compact(all[i])
		c.namespace.EachIn(contract.PersonalRoom(user), func(s *socketio.Socket) { c.give(s, s.Data.(*member), all[i]) })
	}
	return all, nil
}

// give has a socket be in these rooms of its user's, sorted, and in no others that the server had chosen before.
func (c *Chat) give(s *socketio.Socket, m *member, rooms []string) {
	lost, won := c.exchange(s, m, rooms)
	for _, room := range lost {
		c.tellLost(s, m, room)
	}
	c.options.Observer.Rechecked("user_rooms", "ended", len(lost))
	for _, room := range won {
		c.audit("join", m, room, byServer)
	}
	if c.latest != nil && len(won) > 0 {
		c.running.Go(func() { c.tellHistory(s, m, false, won...) })
	}
}

// byServer is what the audit has of who has not asked to join.
const byServer = "by the server"

func (c *Chat) exchange(s *socketio.Socket, m *member, rooms []string) (lost, won []string) {
	m.seats.Lock()
	defer m.seats.Unlock()
	if m.ended || slices.Equal(m.given, rooms) {
		return nil, nil
	}
	before := m.given
	m.given = rooms
	for _, room := range before {
		if !m.isGiven(room) && !c.isDefault(room) && c.vacate(s, m, room) {
			lost = append(lost, room)
		}
	}
	for _, room := range rooms {
		if s.In(room) || s.Join(room) != nil || !m.seated { // who is not seated yet will be in every room
			continue
		}
		c.seat(s, m, room)
		won = append(won, room)
	}
	return lost, won
}

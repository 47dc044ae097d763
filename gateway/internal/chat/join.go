package chat

import (
	"errors"
	"fmt"
	"slices"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// maxRooms is how many rooms a socket may be in at a time, with Multi: far more than a person reads.
const maxRooms = 1000

// join enters a room and, unless Multi, leaves all others: a client that forgets to leave would otherwise go on
// getting the messages of its old room, and be listed there.
func (c *Chat) join(s *socketio.Socket, m *member, r *request) contract.Answer {
	room, ok := c.keys.RoomOf(r.payload())
	if !ok {
		return contract.BadRoom
	}
	if !c.affordsJoin(m) {
		return tooManyJoins
	}
	if c.isOwn(room, m.ID) { // where it is from the start
		return contract.Success{}
	}
	if refusal := c.guard(room, m); refusal != nil {
		if refusal.Outcome() == string(contract.Forbidden) {
			c.audit("forbidden", m, room, "")
		}
		return refusal
	}
	if room == s.ID() { // a socket is in its own room already, and nobody else may be
		return privateRoom
	}
	past := c.historyOf(s, m, room)
	if past != nil {
		defer past.forget()
	}
	if r.event.WantsAck() { // which has the list of members
		defer c.rosters.Await(c.ctx, room)()
	}
	joined, refusal := c.enterRoom(s, m, r, room, past)
	if refusal != nil {
		return refusal
	}
	if past != nil && past.late {
		c.tellHistory(s, m, true, room)
	}
	c.audit("join", m, room, "")
	m.joined = true
	c.answerSaved(s, r, joined)
	c.sendEarly(s, m, room)
	return nil
}

// answerSaved answers a join or a leave. Its ack promises that the client comes back into those rooms whatever happens, so it waits until
// they are saved. If they can't be, the client begins a new session without rooms: the old one can't be overwritten, and after a restart
// would bring the client back into its former rooms.
func (c *Chat) answerSaved(s *socketio.Socket, r *request, a contract.Answer) {
	if c.options.WhenSaved == nil {
		r.answer(a)
		return
	}
	waits := r.event.WantsAck()
	if !waits {
		r.answer(a)
	}
	r.event.Args = nil
	c.options.WhenSaved(s, func(safe bool) {
		defer r.survive()
		if !safe {
			defer s.Close(socketio.GivenUp)
			a = unsaved
		}
		if waits {
			r.answer(a)
		}
	})
}

var unsaved = contract.Failure{Code: contract.Unavailable, Text: "your rooms can't be saved right now, join again once you are connected anew"}

// guard asks the rules, and the app's own where none fits, whether a member may join a room, and returns why not.
func (c *Chat) guard(room string, m *member) (refusal contract.Answer) {
	switch may, decided, err := c.mayByServer(room, m); {
	case err != nil:
		return contract.Failure{Code: contract.Unavailable, Text: accessUnknown}
	case may:
		return nil
	case decided:
		return notAllowed
	}
	if fits, may := c.rule(room, m.ID); fits {
		if !may {
			return notAllowed
		}
		return nil
	}
	switch may, err := c.store.MayJoin(c.ctx, room, m.ID); {
	case err != nil:
		c.nobodyKnowsAccess(err)
		return contract.Failure{Code: contract.Unavailable, Text: accessUnknown}
	case !may:
		return notAllowed
	}
	return nil
}

func (c *Chat) nobodyKnowsAccess(err error) {
	if c.accessLog.allow() {
		c.options.Logger.Warn("room access could not be checked", "error", err)
	}
}

const accessUnknown = "room access can't be checked right now, try again"

var notAllowed = contract.Failure{Code: contract.Forbidden, Text: "you may not join this room"}

// enterRoom takes a socket into a room, behind its history if there is one, and onto its member list, and out of the other rooms unless it
// may be in many. It returns the answer to its client.
func (c *Chat) enterRoom(s *socketio.Socket, m *member, r *request, room string, past *history) (joined, refusal contract.Answer) {
	m.seats.Lock()
	defer m.seats.Unlock()
	if !m.seated {
		return nil, closing
	}
	earlier := c.joined(s)
	if c.options.Multi && len(earlier) >= maxRooms && !s.In(room) {
		return nil, contract.Failure{Code: contract.Forbidden, Text: fmt.Sprintf("you are in %d rooms, leave some first", maxRooms)}
	}
	switch err := c.enter(s, room, past); {
	case errors.Is(err, socketio.ErrPrivateRoom):
		return nil, privateRoom
	case err != nil: // the socket has gone meanwhile
		return nil, closing
	}
	for _, other := range earlier {
		if other != room && !c.options.Multi && !m.isGiven(other) {
			c.vacate(s, m, other)
		}
	}
	if slices.Contains(earlier, room) {
		joined = c.welcomeAgain(s, m, r, room)
	} else {
		joined = c.welcome(s, m, r, room)
	}
	return joined, nil
}

var closing = contract.Failure{Code: contract.Unavailable, Text: "the connection is closing"}

// leave leaves the room that the event names.
func (c *Chat) leave(s *socketio.Socket, m *member, r *request) contract.Answer {
	room, ok := c.keys.RoomOf(r.payload())
	if !ok {
		return contract.BadRoom
	}
	c.refuseEarly(m, func(p *parked) bool { return p.room == room })
	if c.isOwn(room, m.ID) || c.hasGiven(m, room) { // the server's choice, which the client goes on hearing
		return contract.Success{}
	}
	if c.leaveRoom(s, m, room) {
		c.answerSaved(s, r, contract.Success{})
	} else { // by now, maybe: it is asked for again
		c.answerSaved(s, r, contract.Failure{Code: contract.NotInRoom, Text: "you are not in this room"})
	}
	return nil
}

// leaveRoom takes a socket out of a room and its member list. False means that it was not in it. Any goroutine may call it.
func (c *Chat) leaveRoom(s *socketio.Socket, m *member, room string) bool {
	m.seats.Lock()
	defer m.seats.Unlock()
	return c.vacate(s, m, room)
}

// vacate is leaveRoom for who holds m.seats.
func (c *Chat) vacate(s *socketio.Socket, m *member, room string) bool {
	if !s.Leave(room) {
		return false
	}
	if m.seated {
		c.rosters.Leave(room, m.Person)
	}
	return true
}

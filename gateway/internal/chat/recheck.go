package chat

import (
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

// recheck asks again for the rights of connected sockets, round after round: whether they may stay in their rooms, and whether
// their logins still stand. A round is spread over most of the interval, so that the database never has all of it at once, and
// asks for many in one question. One question is under way at a time: a slow database makes rounds longer, and no queue.
type recheck struct {
	chat *Chat

	began     time.Time // of the round
	period    time.Duration
	met, crew int // sockets that the round has met, and those that there were when it began

	seats  []message.Seat
	seated map[message.Seat][]*socketio.Socket // a user's tabs share a seat
	users  []string                            // whose rooms are asked for
	asked  map[string]bool                     // whose have been asked for in this round
	logins []token.Login
	held   []*socketio.Socket // whose logins these are
	told   bool               // another gateway has found out what ended, and tells the others
}

// recheckBatch is how many seats or logins one question is about. A question that fails keeps so many longer.
const recheckBatch = 200

// recheckShare is the part of the interval over which a round is spread. The rest is for the questions themselves, and for sockets that come.
const recheckShare = 0.8

// recheckRights runs until the chat closes.
func (c *Chat) recheckRights() {
	r := &recheck{chat: c, period: time.Duration(float64(c.options.Recheck) * recheckShare)}
	for c.ctx.Err() == nil {
		r.round()
	}
}

func (r *recheck) round() {
	r.began, r.met, r.crew = time.Now(), 0, max(1, r.chat.namespace.Sockets())
	r.asked = make(map[string]bool)
	r.chat.namespace.Each(r.meet)
	r.ask()
	r.pause(1)
}

// meet notes a socket's seats and login, and asks once there are enough for a question.
func (r *recheck) meet(s *socketio.Socket) {
	m, admitted := s.Data.(*member)
	if r.chat.ctx.Err() != nil || !admitted {
		return
	}
	c := r.chat
	if c.options.Guarded {
		for _, room := range c.joined(s) {
			if !c.isDefault(room) && !c.hasGiven(m, room) {
				r.seat(s, m, room)
			}
		}
	}
	if c.roomsOf != nil && !r.asked[m.ID] {
		r.asked[m.ID], r.users = true, append(r.users, m.ID)
	}
	if r.chat.options.Logins != nil {
		r.add(s, m)
	}
	r.met++
	if len(r.seats) >= recheckBatch || len(r.logins) >= recheckBatch || len(r.users) >= recheckBatch {
		r.ask()
		r.pause(float64(r.met) / float64(r.crew))
	}
}

// add notes a socket's login for the next question. It is called only with Options.Logins.
func (r *recheck) add(s *socketio.Socket, m *member) {
	r.logins, r.held = append(r.logins, m.login.Login), append(r.held, s)
}

func (r *recheck) seat(s *socketio.Socket, m *member, room string) {
	if fits, _ := r.chat.rule(room, m.ID); fits {
		return // rules do not change
	}
	seat := message.Seat{Room: room, User: m.ID}
	if r.seated == nil {
		r.seated = make(map[message.Seat][]*socketio.Socket)
	}
	if r.seated[seat] == nil {
		r.seats = append(r.seats, seat)
	}
	r.seated[seat] = append(r.seated[seat], s)
}

// pause waits until that part of the round's time has passed.
func (r *recheck) pause(part float64) {
	wait := time.NewTimer(time.Until(r.began.Add(time.Duration(float64(r.period) * min(1, part)))))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-r.chat.ctx.Done():
	}
}

// ask asks about what has gathered. If a question fails, everybody keeps what they have.
func (r *recheck) ask() {
	for len(r.seats) > 0 && r.chat.ctx.Err() == nil {
		n := min(len(r.seats), recheckBatch) // one socket may bring far more
		r.askSeats(r.seats[:n])
		r.seats = r.seats[n:]
	}
	if len(r.logins) > 0 && r.chat.ctx.Err() == nil {
		r.askLogins()
	}
	if len(r.users) > 0 && r.chat.ctx.Err() == nil {
		r.askRooms()
	}
	r.users = r.users[:0]
	r.seats, r.seated, r.logins, r.held = r.seats[:0], nil, r.logins[:0], r.held[:0]
}

func (r *recheck) askSeats(seats []message.Seat) {
	c := r.chat
	may, err := c.store.MayStay(c.ctx, seats)
	if err != nil {
		c.nobodyKnows("room", len(seats), err)
		return
	}
	lost := 0
	for i, seat := range seats {
		if may[i] {
			continue
		}
		lost++
		for _, s := range r.seated[seat] {
			c.loseSeat(s, seat.Room)
		}
	}
	c.options.Observer.Rechecked("room", "ended", lost)
	c.options.Observer.Rechecked("room", "kept", len(seats)-lost)
}

func (r *recheck) askRooms() {
	if _, err := r.chat.roomsOf.ask(r.chat.ctx, r.users); err != nil {
		r.chat.nobodyKnows("user_rooms", len(r.users), err)
		return
	}
	r.chat.options.Observer.Rechecked("user_rooms", "kept", len(r.users))
}

// loseSeat takes a socket out of a room, as if it had asked to leave, and tells it why.
func (c *Chat) loseSeat(s *socketio.Socket, room string) {
	m := s.Data.(*member)
	if !c.leaveRoom(s, m, room) {
		return
	}
	c.tellLost(s, m, room)
}

// tellLost tells a client that it was taken out of a room.
func (c *Chat) tellLost(s *socketio.Socket, m *member, room string) {
	lost := contract.Failure{Code: contract.Forbidden, Text: "you may not be in this room any more", Room: room}
	c.audit("right_lost", m, room, "") // before the client, who asks again at once
	s.Emit("error", lost.Event(c.options.JoinEvents[0]))
}

func (r *recheck) askLogins() {
	c := r.chat
	ended, err := c.options.Logins.Ended(c.ctx, r.logins)
	gone, lost := make(map[string][]string), 0
	for i, is := range ended {
		if is {
			lost++
			user, digest := r.logins[i].UserID, loginDigest(r.logins[i])
			gone[user] = append(gone[user], digest)
			c.endings.note(user, digest) // first, since the client may come back at once
			c.endLogin(r.held[i], r.held[i].Data.(*member))
			if c.options.Gateways != nil && !r.told {
				c.options.Gateways.LoginEnded(user, digest)
			}
		}
	}
	c.endCopies(gone)
	c.options.Observer.Rechecked("login", "ended", lost)
	if err != nil {
		c.nobodyKnows("login", len(r.logins)-lost, err)
		return
	}
	c.options.Observer.Rechecked("login", "kept", len(r.logins)-lost)
}

// nobodyKnows counts and logs rights that could not be asked again.
func (c *Chat) nobodyKnows(what string, n int, err error) {
	if c.ctx.Err() != nil { // the chat closes
		return
	}
	c.options.Observer.Rechecked(what, "unavailable", n)
	if c.recheckLog.allow() {
		c.options.Logger.Warn("rights could not be asked again, so that everybody keeps them until they can (ACCESS_RECHECK)", "of", what, "error", err)
	}
}

package socketio

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"
	"time"
)

// recovery is what a server with Options.Recovery has, for all of its namespaces.
type recovery struct {
	Recovery
	delivery
	absences
	most      int             // bytes of what a client is told again
	ctx       context.Context // ends when the server shuts down
	interrupt context.CancelFunc
}

// resumeTimeout is how long Sessions and the Log may take for one client.
const resumeTimeout = 5 * time.Second

func newRecovery(o Recovery, most int) *recovery {
	o.Window = cmp.Or(o.Window, 2*time.Minute)
	o.Buffer = cmp.Or(o.Buffer, 64<<20)
	o.Limit = cmp.Or(o.Limit, 1000)
	if o.Head == 0 && o.Sessions != nil && o.Log == nil {
		o.Head = Offset(time.Now().UnixMilli() * perMillisecond) // nobody knows what saved sessions have missed by now
	}
	if len(o.Secret) == 0 {
		o.Secret = []byte(rand.Text())
	}
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	r := &recovery{Recovery: o, most: most}
	r.told.Store(uint64(o.Head))
	r.ring = ring{most: o.Buffer, age: 2 * o.Window, began: time.Now(), floor: o.Head, shelves: make(map[place]*shelf), sweepAt: 1024}
	r.absences.window = o.Window
	if o.Sessions != nil {
		r.absences.ended = o.Sessions.Ended
	}
	r.byID, r.claims = make(map[sessionID]*absence), make(map[sessionID]chan struct{})
	r.ctx, r.interrupt = context.WithCancel(context.Background())
	return r
}

// nobody observes nothing.
type nobody struct{}

func (nobody) Recovered(string, int) {}
func (nobody) NotRecovered(string)   {}

// resume has a client that was let in take up the session that it asks for. False means that it begins a new one.
func (c *conn) resume(s *Socket, h *Handshake) bool {
	r := s.namespace.recovery
	if r == nil || c.v2 {
		return false
	}
	back, asks, readable := readComeback(h.Auth)
	if !asks {
		return false
	}
	sid, ours := r.sidOf(s.namespace.name, back.pid)
	var reason string
	switch {
	case !readable:
		reason = NotRecoveredUnreadable
	case !ours:
		reason = NotRecoveredForged
	case back.over == sid:
		reason = NotRecoveredUnknown
	default:
		reason = r.resume(s, h.User, sid, back.offset)
	}
	if reason != "" {
		r.Observer.NotRecovered(reason)
	}
	return reason == ""
}

// resume has a socket take up the session of this id, or returns why it can't.
func (r *recovery) resume(s *Socket, user, sid string, offset Offset) (reason string) {
	ctx, cancel := context.WithTimeout(r.ctx, resumeTimeout)
	defer cancel()
	if r.CatchUp != nil && offset > r.reached() {
		r.CatchUp(ctx, offset)
	}
	id := sessionID{s.namespace.name, sid}
	if !r.claim(ctx, id) {
		return NotRecoveredUnknown
	}
	defer r.unclaim(id)
	r.supersedeUnlessOurs(ctx, s.namespace, id)
	a, reason := r.find(ctx, s.namespace, id, user)
	if reason != "" {
		return reason
	}
	return r.takeUp(ctx, s, a, offset)
}

// supersedeUnlessOurs forgets what is here of a session that another server has taken up meanwhile.
func (r *recovery) supersedeUnlessOurs(ctx context.Context, ns *Namespace, id sessionID) {
	if r.Reclaim == nil || r.peek(id) == nil && ns.sockets.get(id.sid) == nil {
		return
	}
	if ours, err := r.Reclaim(ctx, id.namespace, id.sid); ours || err != nil {
		return
	}
	if old := ns.Succeeded(id.sid); old != nil {
		old.Supersede()
	}
}

// find returns the session, which is out of everybody else's reach from now on, or why there is none for this user.
func (r *recovery) find(ctx context.Context, ns *Namespace, id sessionID, user string) (a *absence, reason string) {
	for {
		old := ns.sockets.get(id.sid) // before peek: a socket that ends leaves its session before it is gone from here
		if a := r.peek(id); a != nil {
			if a.User != user {
				return nil, NotRecoveredUser
			}
			r.take(a)
			if a.isOver() {
				r.giveUp(a)
				return nil, NotRecoveredUnknown
			}
			return a, ""
		}
		if old == nil {
			return r.findSaved(ctx, id, user)
		}
		if old.origin.user != user {
			return nil, NotRecoveredUser
		}
		if !old.yield(Replaced) && !wait(ctx) { // the client has come back before its connection was known to be dead
			return nil, NotRecoveredUnknown
		}
	}
}

// yield ends the socket and its connection, since the client has another one. False means that somebody else is about to.
func (s *Socket) yield(reason Reason) bool {
	if !s.conn.remove(s) {
		return false
	}
	s.conn.goodbye(s, reason)
	s.conn.session.Close(reason)
	return true
}

// wait gives whoever is ending a socket some time: the application's handlers run meanwhile. False means that ctx has ended.
func wait(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(10 * time.Millisecond):
		return true
	}
}

func (r *recovery) findSaved(ctx context.Context, id sessionID, user string) (a *absence, reason string) {
	if r.Sessions == nil {
		return nil, NotRecoveredUnknown
	}
	saved, err := r.Sessions.Claim(ctx, id.namespace, id.sid)
	switch {
	case err != nil:
		return nil, NotRecoveredSessions
	case saved == nil || saved.Namespace != id.namespace || saved.SID != id.sid:
		return nil, NotRecoveredUnknown
	}
	a = &absence{SavedSession: *saved}
	if saved.User != user {
		r.put(a) // the user whose session it is may still come
		return nil, NotRecoveredUser
	}
	return a, ""
}

// takeUp makes a socket that of a session, or leaves it as it was and returns why.
func (r *recovery) takeUp(ctx context.Context, s *Socket, a *absence, offset Offset) (reason string) {
	ns, id, joined := s.namespace, s.id, s.Rooms() // by a middleware
	for _, room := range joined {
		ns.rooms.leave(s, room)
	}
	s.id = a.SID
	defer func() {
		if reason == "" {
			return
		}
		s.id, s.recovered = id, false
		r.giveUp(a)
		for _, room := range joined {
			s.join(room)
		}
	}()
	s.recovered = true
	rooms, err := ns.granted(s, a, offset)
	if err != nil {
		return NotRecoveredRefused
	}
	s.origin.user, s.origin.since = a.User, a.Since
	return r.replay(ctx, s, missed{rooms: rooms, joined: joined, own: max(offset, a.Since)}, offset)
}

// giveUp ends a session whose client begins a new one. A server that shuts down keeps it, since it cuts the client off before that one
// hears of a new session.
func (r *recovery) giveUp(a *absence) {
	switch {
	case r.ctx.Err() != nil:
		r.put(a)
	case r.Sessions != nil:
		r.Sessions.Ended(a.Namespace, a.SID)
	}
}

// granted returns the rooms of a session that are still open to its user: those that it is in, and those that it has left without having
// received everything.
func (ns *Namespace) granted(s *Socket, a *absence, offset Offset) ([]want, error) {
	left := a.lacks(offset)
	if len(left) > 0 {
		var err error
		if left, err = ns.open(s, left); err != nil {
			return nil, err
		}
	}
	rooms := make([]want, len(a.Rooms))
	for i, room := range a.Rooms {
		after := a.after(i, offset)
		rooms[i] = want{room, after, after, 0}
	}
	rooms, err := ns.open(s, rooms)
	return append(rooms, left...), err
}

// open returns those of the rooms that the application grants.
func (ns *Namespace) open(s *Socket, rooms []want) ([]want, error) {
	for _, h := range ns.onRecover {
		names := make([]string, len(rooms))
		for i, room := range rooms {
			names[i] = room.Name
		}
		granted, err := h(s, names)
		if err != nil {
			return nil, err
		}
		open := make(map[string]bool, len(granted))
		for _, name := range granted {
			open[name] = true
		}
		rooms = slices.DeleteFunc(rooms, func(w want) bool { return !open[w.Name] })
	}
	return rooms, nil
}

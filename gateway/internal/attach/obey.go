package attach

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/socketgate/socketgate/pkg/socketio"
)

// Flags of SEND and CAST. The one for no compression has no meaning here: nothing is compressed.
const (
	flagVolatile = 1
	flagOwnOnly  = 4
	flagKeep     = 8 // of CAST: an event that clients who come back are to have too
)

// obey does what an app says. The error is why it can't be understood; what it says of clients that are not its own (any more) is
// understood, and dropped.
func (l *link) obey(o op, body []byte) error {
	h, d := l.hub, &decoder{rest: body}
	switch o {
	case opPing:
		l.put(frame(opPong, body...))
	case opPong:
	case opSend:
		return l.send(d)
	case opCast:
		return l.cast(d)
	case opJoin, opLeave:
		c, nsp, rooms := d.uvarint(), d.string(), d.list()
		if d.done() == nil {
			l.move(c, nsp, rooms, o == opJoin)
		}
		return d.done()
	case opSocket:
		return l.addSocket(d)
	case opGone:
		c, nsp := d.uvarint(), d.string()
		if d.done() == nil {
			l.removeSocket(c, nsp)
		}
		return d.done()
	case opData:
		c, nsp, data := d.uvarint(), d.string(), d.bytes()
		if d.done() == nil {
			l.keepData(c, nsp, data)
		}
		return d.done()
	case opClose:
		c, discard := d.uvarint(), d.byte() == 1
		if d.done() == nil {
			l.closeClient(c, discard)
		}
		return d.done()
	case opTaken:
		c := d.uvarint()
		if d.done() != nil {
			return d.done()
		}
		if c := l.client(c); c != nil {
			h.taken(c, l)
		}
	case opReady:
		h.becomeReady(l)
	case opBye:
		h.bid(l)
	case opSettings:
		return l.settle(d)
	case opAnswer:
		return l.answer(d)
	case opRecover:
		return l.recover(d)
	case opKeep:
		return l.keep(d)
	case opBus:
		to, message := d.string(), d.bytes()
		if d.done() == nil {
			h.passOn(l, to, message)
		}
		return d.done()
	default:
		return unknownOp(o)
	}
	return nil
}

// isOwn tells whether a namespace is the one that the gateway has handlers in.
func (h *Hub) isOwn(nsp string) bool { return h.own != nil && nsp == h.own.Name() }

// client returns the client of this number if it is this link's.
func (l *link) client(number uint64) *client {
	l.hub.mu.Lock()
	c := l.hub.clients[number]
	l.hub.mu.Unlock()
	if c == nil || c.owner.Load() != l {
		return nil
	}
	return c
}

func (l *link) send(d *decoder) error {
	number, flags, packets := d.uvarint(), d.byte(), d.packet()
	if err := d.done(); err != nil {
		return err
	}
	c, volatile := l.client(number), flags&flagVolatile != 0
	switch {
	case c == nil, l.hub.sendOwn(c, volatile, packets), volatile && !c.session.Writable():
	case c.resuming.Load() > 0 && c.resumes(packets):
	default:
		c.session.Send(packets...)
	}
	return nil
}

func (l *link) cast(d *decoder) error {
	nsp, flags := d.string(), d.byte()
	to := target{rooms: d.list(), except: d.list(), volatile: flags&flagVolatile != 0, kept: flags&flagKeep != 0 && l.hub.memory.keeps()}
	packets := d.packet()
	if err := d.done(); err != nil {
		return err
	}
	if flags&flagOwnOnly != 0 {
		to.only = l
	}
	if l.hub.isOwn(nsp) {
		l.hub.castOwn(to, packets)
		return nil
	}
	l.hub.mu.Lock()
	sp := l.hub.spaces[nsp]
	if sp == nil && to.kept { // those who come back have it then, who may be on their way
		sp = l.hub.space(nsp)
	}
	l.hub.mu.Unlock()
	if sp != nil {
		sp.cast(to, packets)
	}
	return nil
}

func (l *link) move(number uint64, nsp string, rooms []string, join bool) {
	c := l.client(number)
	if c == nil {
		return
	}
	if l.hub.isOwn(nsp) {
		l.hub.moveOwn(c, rooms, join)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s := c.socketOf(nsp); {
	case s == nil:
	case join:
		s.space.join(s, rooms)
	default:
		s.space.leave(s, rooms)
	}
}

// noAuth is what most clients say: one for all.
var noAuth = json.RawMessage("{}")

func (l *link) addSocket(d *decoder) error {
	number := d.uvarint()
	said := d.announced()
	if err := d.done(); err != nil {
		return err
	}
	c, h := l.client(number), l.hub
	if c == nil || h.isOwn(said.Nsp) { // it is the gateway that lets clients in there
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.owner.Load() != l {
		return nil
	}
	s := c.socketOf(said.Nsp)
	if s != nil && s.id != said.SID {
		h.removeSocketOf(c, s)
		s = nil
	}
	if s == nil {
		s = &socket{client: c, space: h.space(said.Nsp), id: said.SID, connected: h.now()}
		s.space.add(s)
		c.sockets = append(c.sockets, s)
		h.returned(s, said.PID)
	}
	if s.auth = said.Auth; string(s.auth) == "{}" {
		s.auth = noAuth
	}
	h.name(s, said.PID)
	c.letIn()
	return nil
}

// letIn notes that a namespace has let the client in. mu is held.
func (c *client) letIn() {
	if c.known {
		return
	}
	c.known, c.early = true, nil
	c.session.CloseAt(time.Time{}, "")
	if cause := c.session.Settle(""); cause != "" {
		c.session.Close(socketio.NoPlace)
	}
}

func (l *link) removeSocket(number uint64, nsp string) {
	c := l.client(number)
	if c == nil {
		l.forgo(number, nsp)
		return
	}
	if l.hub.isOwn(nsp) {
		l.hub.dismissOwn(c)
		return
	}
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.socketOf(nsp); s != nil && c.owner.Load() == l {
		l.hub.removeSocketOf(c, s)
	}
}

// removeSocketOf takes a socket from its client and its namespace. Hub.mu and client.mu are held.
func (h *Hub) removeSocketOf(c *client, s *socket) {
	c.sockets = slices.DeleteFunc(c.sockets, func(other *socket) bool { return other == s })
	h.removeSocket(s)
}

// space returns a namespace, which is made when its first socket comes, and gone with its last. mu is held.
func (h *Hub) space(name string) *space {
	sp := h.spaces[name]
	if sp == nil {
		sp = newSpace(name, &h.memory)
		h.spaces[name] = sp
	}
	return sp
}

func (l *link) keepData(number uint64, nsp string, data []byte) {
	c := l.client(number)
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.socketOf(nsp); s != nil {
		s.data = slices.Clone(data)
	}
}

// closeClient closes a client for the app, which needs not be told of it. Whom it discards has no session to come back to.
func (l *link) closeClient(number uint64, discard bool) {
	c := l.client(number)
	if c == nil {
		return
	}
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	c.mu.Lock()
	if c.ended == "" && !discard {
		l.hub.leaveSessions(c, l)
	}
	c.left, c.taker = true, nil
	c.dropHeld()
	over := c.ended != ""
	if over { // it was presented to be told that it is gone
		l.hub.drop(c)
	}
	c.mu.Unlock()
	if over {
		l.hub.presentWaiting()
		return
	}
	c.session.Close(ByApp)
}

func (l *link) settle(d *decoder) error {
	var said struct{ Asks, Listens bool }
	d.json(&said)
	if err := d.done(); err != nil {
		return err
	}
	l.asks.Store(said.Asks)
	l.hub.asks.Store(said.Asks)
	l.listens.Store(said.Listens)
	l.hub.listens.Store(said.Listens)
	return nil
}

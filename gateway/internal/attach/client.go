package attach

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Why the hub ends clients. All come back by themselves.
const (
	AppAway engineio.Reason = "app away"          // no process of the app took its packets within Hold
	AppSlow engineio.Reason = "app too slow"      // what had to be held for it did not fit
	ByApp   engineio.Reason = "closed by the app" // the app closed it
)

// client is one connection. It is the Receiver of its session, and outlives the processes that serve it. There may be very many, so what
// only few of them have is behind a pointer.
type client struct {
	hub     *Hub
	number  uint64
	session *engineio.Session
	head    string // of the handshake, as words pack it
	issued  moment
	asked   *question // about its handshake; nil is none

	// owner is the link whose ops count; nil while there is none. It changes with mu held.
	owner atomic.Pointer[link]

	next engineio.Receiver // the gateway's own server; nil where everything is the app's

	resuming atomic.Int32 // sockets whose CONNECT reply is still to come, with what was missed behind it
	polling  atomic.Bool  // its transport is long-polling

	// Only the receiver's turn uses these two, and spoken below.
	assembly *assembly // of a packet that has more to come; nil is none
	auth     []byte    // of its CONNECT to the gateway's own namespace, until that has let it in

	mu      lockorder.Mutex[client]
	taker   *link     // the link that takes its packets: the owner, until that leaves
	early   []byte    // what the taker has been given before a namespace has let the client in: another process needs it again
	held    *held     // what waits for a taker; nil is nothing
	sockets []*socket // in the order of joining
	ended   engineio.Reason
	known   bool // a namespace has let it in
	left    bool // nobody will be told of it any more
	spoken  bool // its first message has come

	place *place // nil while it does not wait; Hub.mu guards it
}

// maxEarly is how many bytes a client may say before a namespace has let it in: several times what the largest token takes.
const maxEarly = 64 << 10

// held are packets of one client in frames, whichever link takes them.
type held struct {
	frames []byte
	count  int
	since  time.Time // when the first had to be held, or the client to wait
}

func newClient(h *Hub, s *engineio.Session, r *http.Request) *client {
	c := &client{hub: h, session: s, head: h.words.pack(r), issued: h.now()}
	c.polling.Store(r.URL.Query().Get("transport") != webSocket)
	c.asked, _ = engineio.AskedOf(r).(*question)
	return c
}

// Open makes a client of a session: engineio.Handler, where everything is the app's.
func (h *Hub) Open(s *engineio.Session, r *http.Request) engineio.Receiver {
	c := newClient(h, s, r)
	s.CloseAt(h.at(c.issued).Add(h.options.PendingTimeout), socketio.ConnectTimeout)
	h.enter(c)
	return c
}

// Message takes a client's message: engineio.Receiver.
func (c *client) Message(data []byte, binary bool) {
	if c.next != nil {
		c.route(data, binary)
		return
	}
	if !c.spoken {
		c.spoken = true
		c.session.CloseAt(c.hub.at(c.issued).Add(c.hub.options.Hold+c.hub.options.ConnectTimeout), socketio.ConnectTimeout)
	}
	c.assemble(data, binary)
}

// assemble passes a packet on once it is whole.
func (c *client) assemble(data []byte, binary bool) {
	var begun assembly
	if c.assembly != nil {
		begun = *c.assembly
		c.assembly = nil
	}
	parts, ok := begun.add(part{binary, data}, c.hub.options.MaxPayload)
	if begun.missing > 0 {
		rest := begun
		c.assembly = &rest
	}
	switch {
	case !ok:
		c.session.Close(engineio.ParseError)
	case parts != nil:
		c.passOrClose(parts)
	}
}

// passOrClose passes a packet on. If the client's app is there but has no room, it waits for room, for Hold at most: nothing more is read of
// that client meanwhile, as natively. A client for whom there is no room then is closed.
func (c *client) passOrClose(parts []part) {
	why := c.pass(parts)
	if why == "" {
		return
	}
	for until := time.Now().Add(c.hub.options.Hold); why != "" && c.awaitRoom(until); {
		why = c.pass(parts)
	}
	if why != "" {
		c.hub.options.Observer.AppOverflow(why)
		c.session.Close(AppSlow)
	}
}

// awaitRoom returns when there may be room again, or false when that is nothing to wait for.
func (c *client) awaitRoom(until time.Time) bool {
	c.mu.Lock()
	l, known := c.taker, c.known
	c.mu.Unlock()
	if l == nil || !known {
		return false
	}
	enough := time.NewTimer(time.Until(until))
	defer enough.Stop()
	select {
	case <-l.roomAgain():
		return true
	case <-enough.C:
		return false
	case <-c.hub.open.Done():
		return false
	}
}

// pass gives a packet to the link, or holds it. It returns the bound that is full, if one is.
func (c *client) pass(parts []part) (full Bound) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.passHeld(parts)
}

// passHeld is pass with mu held.
func (c *client) passHeld(parts []part) (full Bound) {
	if c.held.none() && c.taker != nil && c.taker.putPacket(c, parts...) {
		return c.remember(parts)
	}
	return c.hold(parts)
}

// remember keeps a copy of what a link was given, until a namespace has let the client in. mu is held.
func (c *client) remember(parts []part) (full Bound) {
	switch {
	case c.known:
		return ""
	case len(c.early)+packetSize(parts) > maxEarly:
		return BoundClientBytes
	}
	c.early = appendPacket(c.early, c.number, parts...)
	return ""
}

// hold keeps a packet until it can be given to a link. mu is held.
func (c *client) hold(parts []part) (full Bound) {
	if c.left {
		return ""
	}
	size := packetSize(parts)
	h := c.holding()
	before := len(h.frames)
	switch o := &c.hub.options; {
	case h.count >= o.HoldPackets:
		return BoundPackets
	case before+size > o.ClientBytes, !c.known && before+size > maxEarly:
		return BoundClientBytes
	case c.hub.heldBytes.Add(int64(size)) > int64(o.HoldBytes):
		c.hub.heldBytes.Add(-int64(size))
		return BoundBytes
	}
	if h.since.IsZero() {
		h.since = time.Now()
	}
	h.frames = appendPacket(h.frames, c.number, parts...)
	c.hub.heldBytes.Add(int64(len(h.frames) - before - size))
	h.count++
	return ""
}

// holding is what is held, to add to. mu is held.
func (c *client) holding() *held {
	if c.held == nil {
		c.held = new(held)
	}
	return c.held
}

func (h *held) none() bool { return h == nil || h.count == 0 }

// packetSize is about what the frame of a packet takes.
func packetSize(parts []part) int {
	size := 16
	for _, p := range parts {
		size += len(p.data) + 6
	}
	return size
}

// release gives a link what is held, if it takes this client's packets.
func (c *client) release(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taker == l {
		c.giveHeld(l)
	}
}

// giveHeld gives a link all that is held. What it does not take any more stays held. mu is held.
func (c *client) giveHeld(l *link) {
	if c.held.none() || !l.put(c.held.frames) {
		return
	}
	if !c.known {
		c.early = append(c.early, c.held.frames...)
	}
	c.dropHeld()
}

// dropHeld forgets what is held. mu is held.
func (c *client) dropHeld() {
	if c.held != nil {
		c.hub.heldBytes.Add(-int64(len(c.held.frames)))
		c.held = nil
	}
}

// Upgraded tells the app that the client has gone on to a WebSocket: engineio.Upgrader.
func (c *client) Upgraded() {
	c.polling.Store(false)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taker != nil {
		c.taker.put(textFrame(opUpgraded, c.number, webSocket))
	}
}

// The transports, as Engine.IO names them.
const (
	webSocket = "websocket"
	polling   = "polling"
)

// transport names the client's.
func (c *client) transport() string {
	if c.polling.Load() {
		return polling
	}
	return webSocket
}

// Closed is the end of a client: engineio.Receiver.
func (c *client) Closed(reason engineio.Reason) {
	if c.next != nil {
		c.next.Closed(reason)
	}
	c.hub.leave(c, reason)
}

// socketOf returns the client's socket in a namespace, or nil. mu is held.
func (c *client) socketOf(nsp string) *socket {
	for _, s := range c.sockets {
		if s.space.name == nsp {
			return s
		}
	}
	return nil
}

// assembly puts the messages of one packet together.
type assembly struct {
	parts   []part
	missing int
	size    int
}

// add takes the next message. It returns the parts of a whole packet, which are valid as long as the message is, or nil while some are
// missing. False means that no client of Socket.IO says that, or that it is deeper or larger than any honest data.
func (a *assembly) add(p part, most int) (whole []part, ok bool) {
	if a.missing == 0 {
		if a.missing, ok = attachments(p); !ok || tooDeep(p) {
			return nil, false
		}
		if a.missing == 0 {
			return []part{p}, true
		}
	} else {
		if !p.binary {
			return nil, false
		}
		a.missing--
	}
	if a.size += len(p.data); a.size > most {
		return nil, false
	}
	a.parts = append(a.parts, part{p.binary, append([]byte(nil), p.data...)})
	if a.missing > 0 {
		return nil, true
	}
	whole = a.parts
	*a = assembly{}
	return whole, true
}

// attachments reads how many attachments follow the head of a packet. Other parsers' packets have none. False is more than there
// may be.
func attachments(p part) (n int, ok bool) {
	if p.binary || len(p.data) < 3 || p.data[0] != '5' && p.data[0] != '6' {
		return 0, true
	}
	for i, c := range p.data[1:] {
		switch {
		case c == '-' && i > 0:
			return n, n < maxParts
		case c < '0' || c > '9' || i > 9:
			return 0, true // the app's parser has an answer to it
		}
		n = 10*n + int(c-'0')
	}
	return 0, true
}

package attach

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Where the gateway has handlers of its own, it has one namespace of the app's: its Socket.IO server lets clients in there, and has the
// rooms. What its handlers leave goes to the app, as do all other namespaces. One protocol of the link serves both modes: a socket of
// that namespace is presented as one that a process before had, so that the app sends the client no second CONNECT reply.

// Ack ids that processes of the app give. Those of the gateway's own events are below and above.
const (
	firstAppAck = 1 << 20
	lastAppAck  = 1<<31 - 1
)

// front is the engine's handler where the gateway has handlers of its own.
type front struct {
	hub  *Hub
	next engineio.Handler
}

// Front stands between the engine and the gateway's own server: socketio.Options.Front.
func (h *Hub) Front(next engineio.Handler) engineio.Handler { return front{h, next} }

// Gate is what the gateway's own handlers know, and do for the app.
type Gate struct {
	// Who returns what is known of a socket's user, as JSON, which the app finds in socket.data.user.
	Who func(*socketio.Socket) json.RawMessage
	// Enter and Leave take a socket into rooms and out of them, whoever may join.
	Enter, Leave func(s *socketio.Socket, rooms []string)
	// Hidden tells of a room that is none of the app's.
	Hidden func(room string) bool
}

// Own is called once, before clients come and before the handlers are registered with the namespace that the gateway has.
func (h *Hub) Own(ns *socketio.Namespace, g Gate) {
	h.own, h.ownSpace, h.gate = ns, newSpace(ns.Name(), &h.memory), g
	ns.OnConnect(h.ownConnected)
	ns.OnDisconnecting(h.ownLeaves)
	ns.OnRooms(h.ownMoved)
}

func (f front) Open(s *engineio.Session, r *http.Request) engineio.Receiver {
	c := newClient(f.hub, s, r)
	f.hub.mu.Lock()
	f.hub.sessions[s] = c
	f.hub.mu.Unlock()
	c.next = f.next.Open(s, r)
	return c
}

// PassEvent gives the app an event that no handler of the gateway has. False means that the client is none of the hub's.
func (h *Hub) PassEvent(s *socketio.Socket, e *socketio.Event) bool {
	c := h.clientOf(s)
	if c == nil {
		return false
	}
	packets, err := e.Packets()
	if err != nil {
		return false
	}
	c.passOrClose(partsOf(packets))
	return true
}

// partsOf is what the app gets of packets of the engine.
func partsOf(packets []*engineio.Packet) []part {
	parts := make([]part, 0, len(packets))
	for _, p := range packets {
		isBinary, data := p.Payload()
		if !isBinary {
			data = data[1:] // the engine's own type
		}
		parts = append(parts, part{isBinary, data})
	}
	return parts
}

// clientOf returns the client of a socket, or nil where it came by another engine.
func (h *Hub) clientOf(s *socketio.Socket) *client {
	session, ok := s.Connection().(*engineio.Session)
	if !ok {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sessions[session]
}

// route gives a message to whoever has its namespace.
func (c *client) route(data []byte, isBinary bool) {
	switch {
	case c.assembly != nil || !isBinary && c.isApps(data):
		c.assemble(data, isBinary)
	default:
		c.next.Message(data, isBinary)
	}
}

// isApps tells whether a packet, or its head, is for the app: it is of another namespace than the gateway's own, or the ack of an event
// that the app has sent there. A CONNECT to the own one leaves its payload for the app to see.
func (c *client) isApps(data []byte) bool {
	if len(data) == 0 {
		return false
	}
	name := namespaceOf(data)
	if name != c.hub.own.Name() {
		return c.enterFor()
	}
	kind, rest := data[0], afterCount(data)
	if bytes.HasPrefix(rest, []byte{'/'}) {
		rest = rest[min(len(rest), len(name)+1):]
	}
	switch kind {
	case '0':
		c.auth = bytes.Clone(rest)
	case '3', '6':
		digits := rest[:len(rest)-len(bytes.TrimLeft(rest, "0123456789"))]
		id, err := strconv.ParseUint(string(digits), 10, 64)
		return err == nil && id >= firstAppAck && id <= lastAppAck
	}
	return false
}

// enterFor makes the app know of a client that has asked for a namespace of its own.
func (c *client) enterFor() bool {
	if c.number == 0 {
		c.hub.enter(c)
	}
	return true
}

// ownConnected presents a socket that the gateway has let in.
func (h *Hub) ownConnected(own *socketio.Socket) {
	c := h.clientOf(own)
	if c == nil {
		return
	}
	s := &socket{client: c, space: h.ownSpace, id: own.ID(), connected: h.now()}
	s.own = &ownSocket{Socket: own, user: h.gate.Who(own), fresh: true}
	if json.Valid(c.auth) {
		s.auth = c.auth
	}
	c.auth = nil
	if h.seatOwn(c, s) {
		h.enter(c)
	}
}

// seatOwn gives a client its socket, and tells a process that knows the client. True means that none does yet.
func (h *Hub) seatOwn(c *client, s *socket) (enters bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.own.TakenOut() { // since its client was told: ownLeaves found nothing
		return false
	}
	for _, room := range s.own.Rooms() { // what changes from now on waits for the lock, in ownMoved
		if !h.gate.Hidden(room) {
			s.own.note(room, true)
		}
	}
	c.known, c.early = true, nil
	c.sockets = append(c.sockets, s)
	if c.number != 0 && c.taker != nil {
		c.taker.put(jsonFrame(opLetIn, letIn{c.number, []openSocket{s.opening()}}))
	}
	return c.number == 0
}

// letIn is the body of LETIN.
type letIn struct {
	Client  uint64       `json:"client"`
	Sockets []openSocket `json:"sockets"`
}

// ownLeaves tells the app of a socket that leaves, while its connection goes on: as if the client had said so. Where the connection
// ends, it is told of that.
func (h *Hub) ownLeaves(own *socketio.Socket, reason engineio.Reason) {
	c := h.clientOf(own)
	if c == nil || reason != socketio.ClientDisconnect && reason != socketio.ServerDisconnect {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.socketOf(h.own.Name())
	if s == nil || s.own.Socket != own {
		return
	}
	h.removeSocketOf(c, s)
	if !s.own.dismissed {
		c.passHeld([]part{{data: []byte("1")}})
	}
}

// ownMoved tells the app of a room that the gateway's handlers have taken a socket into, or out of.
func (h *Hub) ownMoved(own *socketio.Socket, room string) {
	c := h.clientOf(own)
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.socketOf(h.own.Name())
	if s == nil || s.own.Socket != own || h.gate.Hidden(room) {
		return
	}
	var joined, left []string
	if own.In(room) { // as it is now: who is told of a move before this one may come later
		joined = []string{room}
	} else {
		left = []string{room}
	}
	if s.own.note(room, joined != nil) && c.taker != nil {
		body := appendText(binary.AppendUvarint(nil, c.number), h.own.Name())
		c.taker.put(frame(opMoved, appendList(appendList(body, joined), left)...))
	}
}

// note notes whether the app knows the socket to be in a room, and tells whether that is news.
func (s *ownSocket) note(room string, in bool) bool {
	i := s.told.find(room)
	switch {
	case in == (i >= 0):
		return false
	case in:
		s.told.add(told(room))
	default:
		s.told.take(i)
	}
	return true
}

// moveOwn has the gateway's own server, which has the rooms, do what the app asks for. It notes the rooms first, so that ownMoved does not
// tell the app of what it has asked for.
func (h *Hub) moveOwn(c *client, rooms []string, join bool) {
	c.mu.Lock()
	s := c.socketOf(h.own.Name())
	if s == nil {
		c.mu.Unlock()
		return
	}
	rooms = slices.DeleteFunc(rooms, func(name string) bool { return name == s.id || h.gate.Hidden(name) })
	for _, room := range rooms {
		s.own.note(room, join)
	}
	c.mu.Unlock()
	if join {
		h.gate.Enter(s.own.Socket, rooms)
	} else {
		h.gate.Leave(s.own.Socket, rooms)
	}
}

// dismissOwn takes a client's socket out of the gateway's own namespace, since the app wants it to go.
func (h *Hub) dismissOwn(c *client) {
	c.mu.Lock()
	s := c.socketOf(h.own.Name())
	if s != nil {
		s.own.dismissed = true
	}
	c.mu.Unlock()
	if s != nil {
		s.own.Disconnect(false)
	}
}

// castOwn is cast in the namespace that the gateway has.
func (h *Hub) castOwn(to target, packets []*engineio.Packet) {
	b := h.own.Local(socketio.Target{Rooms: to.rooms, Except: to.except, Volatile: to.volatile})
	if to.only == nil {
		b.Pass(packets...)
		return
	}
	b.Each(func(s *socketio.Socket) {
		if c := h.clientOf(s); c != nil && c.owner.Load() == to.only {
			passTo(s, to.volatile, packets)
		}
	})
}

func passTo(s *socketio.Socket, volatile bool, packets []*engineio.Packet) {
	if volatile {
		s.PassVolatile(packets...)
		return
	}
	s.Pass(packets...)
}

// sendOwn sends a packet to a client's socket in the namespace that the gateway has. False means that it is for another one.
func (h *Hub) sendOwn(c *client, volatile bool, packets []*engineio.Packet) bool {
	isBinary, text := packets[0].Payload()
	if h.own == nil || isBinary || namespaceOf(text[1:]) != h.own.Name() {
		return false
	}
	if bytes.HasPrefix(text[1:], []byte{'1'}) {
		return true // GONE follows, and then the client is told
	}
	c.mu.Lock()
	s := c.socketOf(h.own.Name())
	c.mu.Unlock()
	if s != nil {
		passTo(s.own.Socket, volatile, packets)
	}
	return true
}

// namespaceOf names the namespace of a packet, of which it gets the first frame.
func namespaceOf(head []byte) string {
	rest := afterCount(head)
	if len(rest) == 0 || rest[0] != '/' {
		return "/"
	}
	name, _, _ := bytes.Cut(rest, []byte{','})
	return string(name)
}

// afterCount returns what follows the type of a packet and the number of its attachments.
func afterCount(head []byte) []byte {
	if len(head) == 0 {
		return nil
	}
	rest := head[1:]
	if head[0] == '5' || head[0] == '6' {
		rest = bytes.TrimPrefix(bytes.TrimLeft(rest, "0123456789"), []byte{'-'})
	}
	return rest
}

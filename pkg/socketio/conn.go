package socketio

import (
	"encoding/json"
	"errors"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// conn is one client's connection with its sockets, one per namespace it joined.
type conn struct {
	server    *Server
	session   Session
	record    *string     // of the handshake, for the sockets' handshakeRecord; nil without a Cluster
	assembly  *assembly   // a packet that waits for its attachments
	timed     atomic.Bool // the application has taken CloseAt over from the connect timeout
	joined    bool        // a namespace; until then it may only send CONNECT
	v2        bool        // the client speaks protocol 4, see Adopt
	releasing bool        // the handshake will be released; mu guards it

	mu        lockorder.Mutex[conn]
	handshake *Handshake // nil once it was released
	sockets   []*Socket
	left      []string // namespaces the server made it leave: late packets for them are no fault
}

// Message takes one packet of the client.
func (c *conn) Message(data []byte, binary bool) {
	defer c.recover()
	p, whole, err := c.decode(data, binary)
	switch {
	case err != nil:
		c.refusePacket(err)
	case whole:
		c.dispatch(p)
	}
}

func (c *conn) refusePacket(fault error) {
	c.server.unreadable.tell(c.server.options.Logger, fault)
	c.session.Close(engineio.ParseError)
}

// decode returns a packet once it is whole.
func (c *conn) decode(data []byte, binary bool) (p packet, whole bool, err error) {
	if binary != (c.assembly != nil) {
		return p, false, errUnexpected
	}
	if binary {
		a := c.assembly
		if whole, err = a.add(data, c.server.options.MaxAttachmentBytes); whole {
			c.assembly = nil
		}
		return a.packet, whole, err
	}
	if p, err = decodePacket(data); err != nil || p.attachments == 0 || !c.joined {
		return p, err == nil, err
	}
	c.assembly, err = assemble(p)
	return p, false, err
}

// recover keeps a handler's bug from ending everybody's connection.
func (c *conn) recover() {
	if v := recover(); v != nil {
		c.server.options.Logger.Error("socketio: a handler panicked", "panic", v, "stack", string(debug.Stack()))
		c.session.Close(HandlerPanic)
	}
}

func (c *conn) dispatch(p packet) {
	if p.kind == typeConnect {
		c.connect(p)
		return
	}
	if !c.joined {
		c.session.Close(engineio.ForcedClose)
		return
	}
	s := c.socket(p.namespace)
	switch {
	case s == nil && c.wasLeft(p.namespace):
	case s == nil || p.kind == typeConnectError:
		c.session.Close(engineio.ForcedClose)
	case p.kind == typeDisconnect:
		if c.remove(s) {
			s.leave(ClientDisconnect)
		}
	case p.kind == typeEvent:
		c.event(s, p)
	case p.kind == typeAck:
		s.takeAck(p)
	}
}

func (c *conn) event(s *Socket, p packet) {
	name, args, err := decodeEvent(p.data)
	if err != nil {
		c.refusePacket(err)
		return
	}
	s.namespace.dispatch(s, &Event{Name: name, Args: args, socket: s, id: p.id, unanswered: p.hasID})
}

// connect joins a namespace, as far as its middlewares allow.
func (c *conn) connect(p packet) {
	if c.v2 {
		p.splitQuery()
	}
	if c.socket(p.namespace) != nil {
		c.session.Close(engineio.ForcedClose)
		return
	}
	ns := c.acquire(p.namespace)
	if ns == nil {
		c.server.options.OnNoNamespace()
		c.server.absent.tell(c.server.options.Logger, p.namespace)
		c.control(typeConnectError, p.namespace, map[string]string{"message": "Invalid namespace"})
		return
	}
	var s *Socket
	joined := false
	defer func() { // also when a middleware or a handler panics
		if !joined {
			if s != nil {
				ns.rooms.leaveAll(s)
			}
			c.server.release(ns)
		}
	}()
	handshake, closed := c.handshakeFor(ns)
	if closed != "" {
		c.session.Close(closed)
		return
	}
	if len(p.data) > 0 {
		handshake.Auth = slices.Clone(p.data)
	}
	s = c.newSocket(ns, handshake.Auth)
	if err := c.admit(s, &handshake); err != nil {
		ns.rooms.leaveAll(s) // before the client is told
		c.refuse(p.namespace, err)
		return
	}
	if !c.resume(s, &handshake) {
		c.begin(s, handshake.User)
	}
	joined = true
	c.scheduleRelease(ns)
	s.changed()
	for _, h := range ns.onConnect {
		h(s)
	}
}

// begin tells the client that it is connected, to a new session.
func (c *conn) begin(s *Socket, user string) {
	if r := s.namespace.recovery; r != nil {
		s.origin.user, s.origin.since, s.origin.began = user, r.reached(), time.Now()
	}
	c.tell(s, c.accept(s))
}

// tell has a client know that it is connected. By then all of that is so: what others tell it reaches it, it is found by its id, and
// can be taken out again.
func (c *conn) tell(s *Socket, packets ...*engineio.Packet) {
	s.namespace.sockets.add(s, func() {
		c.add(s)
		c.session.Send(packets...) // a session that is closing is told so later
	})
}

// accept returns the reply to a CONNECT.
func (c *conn) accept(s *Socket) *engineio.Packet {
	p, _ := encodeControl(typeConnect, s.namespace.name, c.welcome(s)) // strings can't fail to be encoded
	return p
}

func (c *conn) newSocket(ns *Namespace, auth json.RawMessage) *Socket {
	s := &Socket{conn: c, namespace: ns, id: c.newSocketID(ns.name)}
	if c.record != nil {
		s.origin = &origin{handshake: &handshakeRecord{c.record, auth}}
	} else if ns.recovery != nil {
		s.origin = &origin{}
	}
	return s
}

func (c *conn) refuse(namespace string, err error) {
	var refusal *ConnectError
	if !errors.As(err, &refusal) {
		// Whatever it is, it was not written for the client's eyes.
		refusal = &ConnectError{Message: "internal error"}
	}
	if c.control(typeConnectError, namespace, refusal.payload(c.v2)) != nil {
		// Data is no JSON. The client must not wait for an answer because of that.
		c.control(typeConnectError, namespace, (&ConnectError{Message: refusal.Message}).payload(c.v2))
	}
	if refusal.Close {
		c.session.Close(Refused)
	}
}

// Closed takes every socket out when the connection is gone.
func (c *conn) Closed(reason engineio.Reason) {
	c.mu.Lock()
	sockets := c.sockets
	c.sockets = nil
	c.handshake = nil // releases may know the connection for some time yet
	c.mu.Unlock()
	for _, s := range sockets {
		c.goodbye(s, reason)
	}
	c.assembly = nil
}

// goodbye lets a handler's panic end neither the process nor the goodbyes of the other sockets.
func (c *conn) goodbye(s *Socket, reason engineio.Reason) {
	defer c.recover()
	s.leave(reason)
}

func (c *conn) control(kind byte, namespace string, payload any) error {
	p, err := encodeControl(kind, namespace, payload)
	if err == nil {
		c.session.Send(p)
	}
	return err
}

func (c *conn) socket(namespace string) *Socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sockets {
		if s.namespace.name == namespace {
			return s
		}
	}
	return nil
}

func (c *conn) all() []*Socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sockets)
}

func (c *conn) wasLeft(namespace string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.left, namespace)
}

func (c *conn) add(s *Socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sockets = append(c.sockets, s)
	c.left = slices.DeleteFunc(c.left, func(name string) bool { return name == s.namespace.name })
}

// remove reports whether the socket was still there.
func (c *conn) remove(s *Socket) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.take(s)
}

// dismiss removes a socket that the server wants to go. Packets that the client sends before it hears
// of that are no fault, so the namespace is remembered.
func (c *conn) dismiss(s *Socket) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.take(s) {
		return false
	}
	c.left = append(c.left, s.namespace.name)
	return true
}

// take takes a socket out of the list. It returns true to one caller only, who then has to say the
// socket's goodbye. mu is held.
func (c *conn) take(s *Socket) bool {
	i := slices.Index(c.sockets, s)
	if i < 0 {
		return false
	}
	c.sockets = slices.Delete(c.sockets, i, i+1)
	s.phase.Store(out)
	return true
}

// kick tells the client that it has left every namespace, and closes.
func (c *conn) kick() {
	for _, s := range c.all() {
		c.control(typeDisconnect, s.namespace.name, nil)
	}
	c.session.Close(ServerDisconnect)
}

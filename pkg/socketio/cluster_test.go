package socketio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// mesh makes servers one, in memory. It tells the others at once, on the goroutine that broadcasts:
// a lock that were held during the call would be taken twice.
type mesh struct{ members []*meshMember }

// meshMember is the Cluster of one server.
type meshMember struct {
	mesh *mesh

	mu         sync.Mutex
	namespaces map[string]*Namespace
	told       []string // what this server said, in short
}

func (m *mesh) member() *meshMember {
	c := &meshMember{mesh: m, namespaces: make(map[string]*Namespace)}
	m.members = append(m.members, c)
	return c
}

func (c *meshMember) Open(ns *Namespace) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.namespaces[ns.Name()] != nil {
		c.told = append(c.told, "opened twice: "+ns.Name())
	}
	c.namespaces[ns.Name()] = ns
}

func (c *meshMember) Close(ns *Namespace) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.namespaces[ns.Name()] != ns {
		c.told = append(c.told, "closed another: "+ns.Name())
	}
	delete(c.namespaces, ns.Name())
}

func (c *meshMember) namespace(name string) *Namespace {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.namespaces[name]
}

// tell notes what was said, and returns the namespace at each other server.
func (c *meshMember) tell(ns *Namespace, format string, args ...any) (others []*Namespace) {
	c.mu.Lock()
	c.told = append(c.told, fmt.Sprintf(format, args...))
	c.mu.Unlock()
	for _, other := range c.mesh.members {
		if other == c {
			continue
		}
		if there := other.namespace(ns.Name()); there != nil {
			others = append(others, there)
		}
	}
	return others
}

func (c *meshMember) Broadcast(ns *Namespace, to Target, event string, args []json.RawMessage) {
	values := make([]any, len(args))
	for i, arg := range args {
		values[i] = arg
	}
	for _, there := range c.tell(ns, "broadcast %s", event) {
		there.Local(to).Emit(event, values...)
	}
}

func (c *meshMember) Join(ns *Namespace, to Target, rooms []string) {
	for _, there := range c.tell(ns, "join") {
		there.Local(to).Join(rooms...)
	}
}

func (c *meshMember) Leave(ns *Namespace, to Target, rooms []string) {
	for _, there := range c.tell(ns, "leave") {
		there.Local(to).Leave(rooms...)
	}
}

func (c *meshMember) Disconnect(ns *Namespace, to Target, closes bool) {
	for _, there := range c.tell(ns, "disconnect") {
		there.Local(to).Disconnect(closes)
	}
}

func (c *meshMember) Sockets(ctx context.Context, ns *Namespace, to Target) (sockets []SocketInfo, err error) {
	for _, there := range c.tell(ns, "sockets") {
		infos, _ := there.Local(to).Sockets(ctx)
		wire, err := json.Marshal(infos)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(wire, &infos); err != nil {
			return nil, err
		}
		sockets = append(sockets, infos...)
	}
	return sockets, ctx.Err()
}

func (c *meshMember) Ask(ctx context.Context, ns *Namespace, to Target, event string, args []json.RawMessage) (acks []json.RawMessage, err error) {
	values := make([]any, len(args))
	for i, arg := range args {
		values[i] = arg
	}
	for _, there := range c.tell(ns, "ask %s", event) {
		some, err := there.Local(to).EmitWithAck(ctx, event, values...)
		if acks = append(acks, some...); err != nil {
			return acks, err
		}
	}
	return acks, nil
}

// takeTold returns what the server has said since the last call.
func (c *meshMember) takeTold() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	told := c.told
	c.told = nil
	return told
}

// node is one of two servers that are one.
type node struct {
	*memory
	root    *Namespace
	cluster *meshMember
	sockets chan *Socket
}

// serveNodes serves "/" on two servers.
func serveNodes(t *testing.T) (a, b *node) {
	t.Helper()
	var m mesh
	nodes := make([]*node, 2)
	for i := range nodes {
		n := &node{cluster: m.member(), sockets: make(chan *Socket, 1)}
		n.memory = serve(t, Options{Cluster: n.cluster}, func(s *Server) {
			n.root = s.Of("/")
			n.root.OnConnect(func(s *Socket) { n.sockets <- s })
		})
		nodes[i] = n
	}
	return nodes[0], nodes[1]
}

func (n *node) member() member {
	n.t.Helper()
	return member{n.connect("/"), within(n.t, n.sockets, "a socket")}
}

// serveCrowd has members 0 to 2 on server a and 3 to 5 on server b.
func serveCrowd(t *testing.T) (a, b *node, members []member) {
	t.Helper()
	a, b = serveNodes(t)
	for range 3 {
		members = append(members, a.member())
	}
	for range 3 {
		members = append(members, b.member())
	}
	return a, b, members
}

func expectOnly(t *testing.T, members []member, packet string, want ...int) {
	t.Helper()
	for i, m := range members {
		if slices.Contains(want, i) {
			m.expect(packet)
		}
		m.expectAlive() // and nothing else came
	}
}

func TestBroadcastsReachTheSocketsOfBothServersOnceEach(t *testing.T) {
	t.Parallel()
	a, b, members := serveCrowd(t)
	members[0].join("a")
	members[1].join("b")
	members[3].join("a")
	members[4].join("a", "b")
	id := func(i int) string { return members[i].socket.ID() }
	for name, test := range map[string]struct {
		to   func(*Namespace) Broadcast
		want []int
	}{
		"everybody":                  {func(ns *Namespace) Broadcast { return ns.To() }, []int{0, 1, 2, 3, 4, 5}},
		"room":                       {func(ns *Namespace) Broadcast { return ns.To("a") }, []int{0, 3, 4}},
		"union once":                 {func(ns *Namespace) Broadcast { return ns.To("a").To("b") }, []int{0, 1, 3, 4}},
		"without a room":             {func(ns *Namespace) Broadcast { return ns.To("a").Except("b") }, []int{0, 3}},
		"everybody without a socket": {func(ns *Namespace) Broadcast { return ns.To().Except(id(0), id(5)) }, []int{1, 2, 3, 4}},
		"private room":               {func(ns *Namespace) Broadcast { return ns.To(id(5)) }, []int{5}},
		"private rooms":              {func(ns *Namespace) Broadcast { return ns.To(id(0), id(3), "b") }, []int{0, 1, 3, 4}},
		"volatile":                   {func(ns *Namespace) Broadcast { return ns.To("b").Volatile() }, []int{1, 4}},
		"no such room":               {func(ns *Namespace) Broadcast { return ns.To("none") }, nil},
	} {
		for from, n := range []*node{a, b} {
			if err := test.to(n.root).Emit("x", name, from); err != nil {
				t.Fatal(err)
			}
			expectOnly(t, members, fmt.Sprintf(`2["x",%q,%d]`, name, from), test.want...)
		}
	}
	for _, n := range []*node{a, b} { // what came from elsewhere was not told again
		if told := n.cluster.takeTold(); len(told) != 9 {
			t.Errorf("told %q, want 9 broadcasts", told)
		}
	}
}

func TestVolatileBroadcastIsMissedByABusySocketOfTheOtherServer(t *testing.T) {
	t.Parallel()
	a, b := serveNodes(t)
	m := b.member()
	m.socket.Emit("first") // nobody reads it yet
	a.root.Volatile().Emit("lost")
	a.root.Emit("last")
	m.expect(`2["first"]`)
	m.expect(`2["last"]`)
	m.expectAlive()
}

func TestLocalBroadcastsAndASocketsOwnDoingsStayOnItsServer(t *testing.T) {
	t.Parallel()
	a, _, members := serveCrowd(t)
	a.root.To().Local().Emit("here")
	expectOnly(t, members, `2["here"]`, 0, 1, 2)
	a.root.Local(Target{Except: []string{members[0].socket.ID()}}).Join("room")
	s := members[0].socket
	s.Emit("you")
	members[0].expect(`2["you"]`)
	s.Join("room")
	s.Leave("room")
	s.Disconnect(false)
	if sockets, err := a.root.To("room").Local().Sockets(t.Context()); err != nil || len(sockets) != 2 {
		t.Errorf("%d sockets, %v, want 2", len(sockets), err)
	}
	if told := a.cluster.takeTold(); len(told) != 0 {
		t.Errorf("the cluster was told %q", told)
	}
}

func TestAttachmentsReachTheOtherServer(t *testing.T) {
	t.Parallel()
	a, b := serveNodes(t)
	here, there := a.member(), b.member()
	if err := a.root.Emit("file", map[string]any{"name": "<a>", "bytes": Binary{1, 2}}, Binary{}); err != nil {
		t.Fatal(err)
	}
	for _, m := range []member{here, there} {
		m.expect(`52-["file",{"bytes":{"_placeholder":true,"num":0},"name":"<a>"},{"_placeholder":true,"num":1}]`)
		for _, want := range []string{"\x01\x02", ""} {
			if got, err := m.frame(); err != nil || got != want {
				t.Errorf("attachment %q, %v, want %q", got, err, want)
			}
		}
	}
}

// noted is a Cluster that keeps what it is given.
type noted struct {
	*meshMember
	args  []json.RawMessage
	rooms []string
}

func (c *noted) Broadcast(_ *Namespace, to Target, _ string, args []json.RawMessage) {
	c.args, c.rooms = args, to.Rooms
}

func TestWhatTheClusterIsGivenBelongsToIt(t *testing.T) {
	t.Parallel()
	c := &noted{meshMember: new(mesh).member()}
	m := serve(t, Options{Cluster: c}, func(s *Server) { s.Of("/") })
	rooms, arg := []string{"room"}, json.RawMessage(`{"a":1}`)
	m.server.Of("/").To(rooms...).Emit("x", arg, Binary{7}, nil, "text")
	rooms[0], arg[2] = "other", 'b'
	var attachment Binary
	if err := json.Unmarshal(c.args[1], &attachment); err != nil || !slices.Equal(attachment, Binary{7}) {
		t.Errorf("attachment %v, %v", attachment, err)
	}
	if got := fmt.Sprintf("%s %s %s %s", c.rooms, c.args[0], c.args[2], c.args[3]); got != `[room] {"a":1} null "text"` {
		t.Errorf("got %s", got)
	}
}

func TestEventThatCannotBeSentIsToldToNobody(t *testing.T) {
	t.Parallel()
	a, _, members := serveCrowd(t)
	for name, err := range map[string]error{
		"reserved":             a.root.Emit("disconnect"),
		"no JSON":              a.root.Emit("x", func() {}),
		"too many attachments": a.root.Emit("x", slices.Repeat([]any{Binary{1}}, 11)),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "socketio: ") {
			t.Errorf("%s: %v, want an error", name, err)
		}
	}
	if !errors.Is(a.root.Emit("connect"), ErrReserved) {
		t.Error("not ErrReserved")
	}
	expectOnly(t, members, "")
	if told := a.cluster.takeTold(); len(told) != 0 {
		t.Errorf("the cluster was told %q", told)
	}
}

func TestWhatOneGoroutineBroadcastsIsInOrderOnBothServers(t *testing.T) {
	t.Parallel()
	a, b := serveNodes(t)
	here, there := a.member(), b.member()
	const events = 500
	go func() {
		for i := range events {
			a.root.Emit("x", i)
		}
	}()
	for i := range events {
		here.expect(fmt.Sprintf(`2["x",%d]`, i))
		there.expect(fmt.Sprintf(`2["x",%d]`, i))
	}
}

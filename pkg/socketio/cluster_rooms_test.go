package socketio

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
)

func TestSocketsOfBothServersJoinAndLeaveByRoom(t *testing.T) {
	t.Parallel()
	a, b, members := serveCrowd(t)
	members[0].join("a")
	members[3].join("a")
	members[4].join("a", "b")
	a.root.To("a").Except("b").Join("c", "d")
	b.root.To("c").Emit("x")
	expectOnly(t, members, `2["x"]`, 0, 3)
	b.root.To("c").Except(members[3].socket.ID()).Leave("c", "none")
	a.root.To("c").Emit("y")
	expectOnly(t, members, `2["y"]`, 3)
	for i, want := range [][]string{{"a", "d"}, {}, {}, {"a", "c", "d"}, {"a", "b"}, {}} {
		if got := members[i].socket.Rooms(); !slices.Equal(got, want) {
			t.Errorf("member %d is in %q, want %q", i, got, want)
		}
	}
}

// Clients name rooms, so that Socket.Join must refuse another's; a Broadcast's Join is the
// application's own word, as it is to official servers.
func TestBroadcastsJoinLetsSocketsIntoAPrivateRoomAndItsOwnerStaysReached(t *testing.T) {
	t.Parallel()
	a, b, members := serveCrowd(t)
	owner := members[0].socket.ID()
	b.root.To(members[1].socket.ID(), members[3].socket.ID()).Join(owner)
	for _, n := range []*node{a, b} {
		n.root.To(owner).Emit("x")
		expectOnly(t, members, `2["x"]`, 0, 1, 3)
	}
	a.root.To(owner).Except(owner).Emit("none")
	a.root.To().Leave(owner)
	a.root.To(owner).Emit("y")
	expectOnly(t, members, `2["y"]`, 0)
}

func TestDisconnectByRoomEndsSocketsOfBothServers(t *testing.T) {
	t.Parallel()
	for _, closes := range []bool{false, true} {
		a, b, members := serveCrowd(t)
		for _, i := range []int{0, 1, 4} {
			members[i].join("a")
		}
		a.root.To("a").Except(members[1].socket.ID()).Disconnect(closes)
		for i, m := range members {
			switch {
			case i != 0 && i != 4:
				m.expectAlive()
			case closes:
				m.expect("1")
				m.expectClosed()
			default:
				m.expect("1")
				m.expectAlive()
			}
		}
		if closes {
			a.expectEnd(ServerDisconnect)
			b.expectEnd(ServerDisconnect)
		} else if a.root.Sockets() != 2 || b.root.Sockets() != 2 {
			t.Errorf("%d and %d sockets are left, want 2 each", a.root.Sockets(), b.root.Sockets())
		}
	}
}

// A handler that disconnects a room may be a member itself, and leave rooms while it goes.
func TestDisconnectByRoomWhileItsHandlersUseTheRoom(t *testing.T) {
	t.Parallel()
	ns, members := serveMembers(t, 5)
	ns.OnDisconnecting(func(s *Socket, _ engineio.Reason) {
		s.Leave("room")
		ns.To("room").Emit("left")
		ns.To("room").Join("other")
	})
	for _, m := range members {
		m.join("room")
		go func() {
			for {
				if _, err := m.frame(); err != nil {
					return
				}
			}
		}()
	}
	ns.To("room").Disconnect(false)
	if ns.Sockets() != 0 || roomsOf(ns) != 0 {
		t.Errorf("%d sockets and %d rooms are left", ns.Sockets(), roomsOf(ns))
	}
}

func TestListingShowsSocketsOfBothServersWithRoomsHandshakeAndData(t *testing.T) {
	t.Parallel()
	a, b := serveNodes(t)
	for _, n := range []*node{a, b} {
		n.root.Use(func(s *Socket, _ *Handshake) error {
			s.Join("early")
			s.Data = map[string]string{"user": "u<1>"}
			return nil
		})
	}
	here := a.member()
	c := b.dial()
	c.say(`0{"token":"t"}`)
	c.hear()
	there := within(t, b.sockets, "a socket")
	there.Join("late")
	sockets, err := a.root.To("early").Sockets(t.Context())
	if err != nil || len(sockets) != 2 {
		t.Fatalf("%d sockets, %v, want 2", len(sockets), err)
	}
	checkListed(t, sockets[0], there, "{\"token\":\"t\"}", "early", "late")
	checkListed(t, sockets[1], here.socket, "{}", "early")
	only, err := a.root.To(there.ID()).Except("none").Sockets(t.Context())
	if err != nil || len(only) != 1 || only[0].ID != there.ID() {
		t.Errorf("listed %+v, %v", only, err)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if known, err := a.root.To().Sockets(done); !errors.Is(err, context.Canceled) || len(known) != 2 {
		t.Errorf("%d sockets, %v, want those that are known and the error", len(known), err)
	}
}

func checkListed(t *testing.T, got SocketInfo, s *Socket, auth string, rooms ...string) {
	t.Helper()
	if got.ID != s.ID() || got.Namespace != "/" || !slices.Equal(got.Rooms, append([]string{s.ID()}, rooms...)) ||
		string(got.Data) != `{"user":"u\u003c1\u003e"}` {
		t.Errorf("listed %+v", got)
	}
	var handshake struct {
		Headers, Query     map[string]string
		Time, Address, URL string
		XDomain, Secure    *bool
		Issued             int64
		Auth               json.RawMessage
	}
	if err := json.Unmarshal(got.Handshake, &handshake); err != nil {
		t.Fatal(err)
	}
	if handshake.Headers["upgrade"] != "websocket" || handshake.Headers["host"] != "memory" || handshake.Query["EIO"] != "4" ||
		handshake.URL != "/socket.io/?EIO=4&transport=websocket" || handshake.Issued == 0 || !strings.Contains(handshake.Time, " GMT+0000 (") ||
		handshake.XDomain == nil || *handshake.XDomain || handshake.Secure == nil || *handshake.Secure ||
		handshake.Address == "" || string(handshake.Auth) != auth {
		t.Errorf("handshake %s", got.Handshake)
	}
}

// A middleware may take a socket into a room. It is none of the sockets there until it is connected.
func TestSocketThatIsNotAdmittedYetIsNotListed(t *testing.T) {
	t.Parallel()
	a, _ := serveNodes(t)
	listed := -1
	a.root.Use(func(s *Socket, _ *Handshake) error {
		s.Join("early")
		sockets, err := a.root.To("early").Sockets(t.Context())
		listed = len(sockets)
		return err
	})
	m := a.member()
	if listed != 0 {
		t.Errorf("%d sockets were listed", listed)
	}
	if sockets, err := a.root.To("early").Sockets(t.Context()); err != nil || len(sockets) != 1 || sockets[0].ID != m.socket.ID() {
		t.Errorf("listed %+v, %v", sockets, err)
	}
}

func TestWithoutAClusterAListingHasNoHandshake(t *testing.T) {
	t.Parallel()
	ns, members := serveMembers(t, 2)
	members[0].join("a")
	members[0].socket.Data = func() {} // no JSON
	sockets, err := ns.To("a").Sockets(t.Context())
	if err != nil || len(sockets) != 1 || sockets[0].ID != members[0].socket.ID() ||
		string(sockets[0].Handshake) != "null" || string(sockets[0].Data) != "null" {
		t.Errorf("listed %+v, %v", sockets, err)
	}
}

// A namespace that clients make and leave over and over is opened before anybody is in it, closed
// after the last, and never two of one name at a time.
func TestClusterHearsOfNamespacesInTheOrderInWhichTheyComeAndGo(t *testing.T) {
	t.Parallel()
	cluster := new(mesh).member()
	m := serve(t, Options{Cluster: cluster}, func(s *Server) {
		s.Of("/")
		s.Dynamic(tenant, func(ns *Namespace) {
			ns.OnConnect(func(*Socket) {
				if cluster.namespace(ns.Name()) != ns {
					t.Error("a socket is in a namespace that the cluster does not know")
				}
			})
		})
	})
	if cluster.namespace("/") != m.server.Of("/") {
		t.Error("a namespace of Of was not opened")
	}
	var work sync.WaitGroup
	for range 4 {
		c := m.connect("/")
		work.Go(func() {
			for range 200 {
				c.join("/tenant-1")
				c.say("1/tenant-1,")
			}
			c.expectAlive()
		})
	}
	work.Wait()
	if cluster.namespace("/tenant-1") != nil {
		t.Error("a forgotten namespace was not closed")
	}
	if told := cluster.takeTold(); len(told) != 0 {
		t.Errorf("%q", told)
	}
}

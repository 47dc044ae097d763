package socketio

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// The server does not know yet that the old connection is dead. Its late goodbye must not spoil the successor.
func TestClientThatIsBackBeforeItIsMissedReplacesItsOldSocket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sessions := &savedSessions{}
		m, observer := serveRecovery(t, Recovery{Sessions: sessions})
		ns := m.server.Of("/")
		var order []string
		ns.OnConnect(func(s *Socket) { order = append(order, "connect") })
		ns.OnDisconnecting(func(s *Socket, reason Reason) { order = append(order, string(reason)) })
		a := m.arrive("/", nil)
		n := &returning{client: a.client, namespace: "/n"}
		n.connect("")
		n.enters("nr")
		a.enters("r")
		old := ns.sockets.get(a.sid)
		ns.To("r").Kept(0).Emit("said", 1) // it is written into the dead connection
		b := m.arrive("/", a).expectBack(a)
		b.expectNext(`2["said",1]`)
		m.expectEnd(Replaced)
		synctest.Wait()
		s := ns.sockets.get(a.sid)
		if s == nil || s == old || !s.In("r") || old.In("r") || !ns.Private(a.sid) || ns.Sockets() != 1 {
			t.Errorf("socket %p after %p, %d sockets", s, old, ns.Sockets())
		}
		if len(order) != 3 || order[1] != string(Replaced) || order[2] != "connect" {
			t.Errorf("order %q", order)
		}
		if err := old.Emit("x"); err != ErrDisconnected {
			t.Errorf("emit to the old socket: %v", err)
		}
		if saved := old.Session(); saved.SID != a.sid || len(saved.Rooms) != 1 {
			t.Errorf("saved %+v", saved)
		}
		ns.To("r").Kept(0).Emit("said", 2)
		b.expectNext(`2["said",2]`)
		bn := &returning{client: b.client, namespace: "/n"}
		bn.connect(`{"pid":"` + n.pid + `"}`) // its other namespaces are away
		bn.expectBack(n)
		m.server.Of("/n").To("nr").Kept(0).Emit("said", 3)
		bn.expectNext(`2/n,["said",3]`)
		b.expectAlive()
		if ended := sessions.takeEnded(); len(ended) != 0 {
			t.Errorf("ended %q", ended)
		}
		observer.expect(t, "memory 1", "none 0")
	})
}

// The old socket is just saying goodbye, and its handlers take their time.
func TestClientThatIsBackDuringItsGoodbyeWaitsForIt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		goodbye time.Duration
		told    string
	}{{time.Second, "memory 1"}, {10 * time.Second, NotRecoveredUnknown}} {
		synctest.Test(t, func(t *testing.T) {
			m, observer := serveRecovery(t, Recovery{})
			ns := m.server.Of("/")
			ns.OnDisconnecting(func(*Socket, Reason) { time.Sleep(test.goodbye) })
			a := m.arrive("/", nil)
			a.enters("r")
			m.drop(a)
			ns.To("r").Kept(0).Emit("said", 1)
			b := m.arrive("/", a)
			if test.told == NotRecoveredUnknown {
				b.expectNew(a).expectAlive()
			} else {
				b.expectBack(a).expectNext(`2["said",1]`)
			}
			observer.expect(t, test.told)
			b.expectAlive()
		})
	}
}

// blockedLog lets reads wait.
type blockedLog struct {
	reads chan struct{} // one for each read that has begun
	gate  chan struct{}
}

func (l *blockedLog) Missed(ctx context.Context, _ *Namespace, gaps []Gap, _ Offset, _ int) ([]*Kept, error) {
	l.reads <- struct{}{}
	select {
	case <-l.gate:
		return []*Kept{NewKept(7, []string{gaps[0].Room}, "said", 7)}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// lateSID is the id of a socket that another server has had.
const lateSID = "aaaaaaaaaaaaaaaaaaaa"

// serveLate serves as recovery says after a server that told events up to offset 9, and had a socket in rooms since offset 3.
func serveLate(t *testing.T, r Recovery, rooms ...string) (*memory, *counts, *savedSessions, *returning) {
	t.Helper()
	saved := SavedSession{Namespace: "/", SID: lateSID}
	for _, room := range rooms {
		saved.Rooms = append(saved.Rooms, SavedRoom{room, 3})
	}
	sessions := &savedSessions{byID: map[sessionID]savedSession{{"/", lateSID}: {saved, -1}}}
	r.Sessions, r.Head = sessions, 9
	m, observer := serveRecovery(t, r)
	return m, observer, sessions, &returning{sid: lateSID, pid: m.server.recovery.pid("/", lateSID), offset: "5"}
}

// The client's connection is lost again while the Log is read for it. The second one waits for the first.
func TestClientThatLeavesWhileItsReplayIsReadFindsItsSessionAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &blockedLog{reads: make(chan struct{}, 10), gate: make(chan struct{})}
		m, observer, _, late := serveLate(t, Recovery{Log: log}, "r")
		first := m.dial()
		first.say(`0{"pid":"` + late.pid + `","offset":"5"}`)
		within(t, log.reads, "a read")
		first.conn.Close()
		second := &returning{client: m.dial(), namespace: "/", offset: "5"}
		second.say(`0{"pid":"` + late.pid + `","offset":"5"}`)
		synctest.Wait()
		close(log.gate)
		second.expect(`0{"sid":"` + lateSID + `","pid":"` + late.pid + `"}`)
		second.expectNext(`2["said",7]`)
		second.expectAlive()
		observer.expect(t, "log 1", "memory 1")
		m.server.Of("/").To("r").Kept(0).Emit("said", 10)
		second.expectNext(`2["said",10]`)
		second.expectAlive()
		if n := m.server.Of("/").Sockets(); n != 1 {
			t.Errorf("%d sockets", n)
		}
	})
}

// One who comes twice with the same pid has one session.
func TestOnlyOneOfTwoConnectionsHasTheSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := serveRecovery(t, Recovery{})
		a := m.arrive("/", nil)
		m.drop(a)
		b := m.arrive("/", a).expectBack(a)
		c := m.arrive("/", a).expectBack(a)
		b.expectClosed()
		m.expectEnd(Replaced)
		c.expectAlive()
		if n := m.server.Of("/").Sockets(); n != 1 {
			t.Errorf("%d sockets", n)
		}
	})
}

func TestShutdownDuringAReplayKeepsTheSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &blockedLog{reads: make(chan struct{}, 10)}
		m, _, sessions, late := serveLate(t, Recovery{Log: log}, "r")
		c := m.dial()
		c.say(`0{"pid":"` + late.pid + `"}`)
		within(t, log.reads, "a read")
		start := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := m.server.Shutdown(ctx); err != nil || time.Since(start) >= resumeTimeout {
			t.Errorf("shutdown: %v after %v", err, time.Since(start))
		}
		if ended := sessions.takeEnded(); len(ended) != 0 {
			t.Errorf("ended %q", ended)
		}
	})
}

func TestSocketsOfADynamicNamespaceComeBackToIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := serve(t, Options{Recovery: &Recovery{}}, func(s *Server) { s.Dynamic(tenant, joinable) })
		a := m.arrive("/tenant-1", nil)
		a.enters("r")
		kept := m.server.named("/tenant-1")
		m.drop(a)
		if m.server.named("/tenant-1") != nil {
			t.Fatal("it is still there")
		}
		kept.To("r").Kept(0).Emit("said", 1)
		b := m.arrive("/tenant-1", a).expectBack(a)
		b.expectNext(`2/tenant-1,["said",1]`)
		other := &returning{client: b.client, namespace: "/tenant-2"}
		other.connect(`{"pid":"` + a.pid + `"}`)
		other.expectNew(a)
		b.expectAlive()
	})
}

package socketio

import (
	"testing"
	"testing/synctest"
	"time"
)

// rooms sets up a namespace whose clients say which rooms they enter and leave.
func joinable(ns *Namespace) {
	ns.On("join", func(s *Socket, e *Event) {
		var room string
		e.Decode(&room)
		s.Join(room)
		e.Ack()
	})
	ns.On("leave", func(s *Socket, e *Event) {
		var room string
		e.Decode(&room)
		s.Leave(room)
		e.Ack()
	})
}

// serveRecovery serves joinable "/" and "/n".
func serveRecovery(t testing.TB, r Recovery) (*memory, *counts) {
	t.Helper()
	observer := &counts{}
	r.Observer = observer
	return serve(t, Options{Recovery: &r}, func(s *Server) {
		joinable(s.Of("/"))
		joinable(s.Of("/n"))
	}), observer
}

// enters has the client join rooms.
func (r *returning) enters(rooms ...string) {
	r.t.Helper()
	for _, room := range rooms {
		r.say(r.head("2") + `7["join","` + room + `"]`)
		r.expect(r.head("3") + "7[]")
	}
}

// drop loses the connection, and waits until the server knows.
func (m *memory) drop(r *returning) {
	r.conn.Close()
	synctest.Wait()
	for len(m.ended) > 0 {
		<-m.ended
	}
}

func TestClientThatComesBackHasItsSessionAndWhatItMissed(t *testing.T) {
	t.Parallel()
	for _, namespace := range []string{"/", "/n"} {
		synctest.Test(t, func(t *testing.T) {
			m, observer := serveRecovery(t, Recovery{})
			ns := m.server.Of(namespace)
			a := m.arrive(namespace, nil)
			a.enters("r", "q")
			ns.To("r").Kept(0).Emit("said", 1)
			a.expectNext(a.head("2") + `["said",1]`)
			m.drop(a)
			ns.To("r").Kept(0).Emit("said", 2)
			ns.To("other").Kept(0).Emit("said", 3)
			time.Sleep(time.Minute)
			ns.To("q").Kept(0).Emit("said", 4)
			ns.To("r").Emit("typing", 5)
			b := m.arrive(namespace, a).expectBack(a)
			b.expectNext(b.head("2")+`["said",2]`, b.head("2")+`["said",4]`)
			ns.To("q").Kept(0).Emit("said", 6)
			b.expectNext(b.head("2") + `["said",6]`)
			b.expectAlive()
			observer.expect(t, "memory 2")
		})
	}
}

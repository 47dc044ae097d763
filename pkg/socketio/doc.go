// Package socketio is a Socket.IO v4 server (protocol 5) on top of package engineio.
//
// Handlers are registered once per [Namespace], before the server is used, not once per socket:
//
//	server := socketio.NewServer(socketio.Options{})
//	chat := server.Of("/")
//	chat.On("say", func(s *socketio.Socket, e *socketio.Event) {
//		chat.To("lobby").Emit("said", e.Args[0])
//		e.Ack("ok")
//	})
//	http.Handle("/socket.io/", server)
//
// # Order
//
// The handlers of one client run one at a time, in the order of its packets: while a handler
// waits, only its own client waits. Handlers of different clients run at the same time. What is
// emitted to a room arrives in one order at all of its members.
//
// # Several servers
//
// Options.Cluster tells other servers what is addressed to their sockets as well, and applies here what
// they say; see [Cluster].
//
// # Recovery
//
// With Options.Recovery a client that loses its connection takes up its session when it comes back: it has the same id, is in
// its rooms, and gets the kept events that it has missed, once and in order; see [Recovery] and [Broadcast.Kept]. Official clients
// since 4.6 do their part by themselves, and their `recovered` says how it went. Others, and those who were away for too long, begin
// anew.
//
//	server := socketio.NewServer(socketio.Options{Recovery: &socketio.Recovery{}})
//	chat := server.Of("/")
//	chat.OnConnect(func(s *socketio.Socket) {
//		if !s.Recovered() {
//			s.Join("lobby")
//		}
//	})
//	chat.To("lobby").Kept(0).Emit("said", "hello")
//
// The server replies to the CONNECT first, then sends what was missed, and then what is told from then on. (The official server replies
// last; a client that is cut off meanwhile gets some events twice.) Sessions that survive the process are kept by a [Sessions],
// events by a [Log].
//
// # Locks
//
// No lock of this package is held while a handler or a middleware runs, nor while a Cluster, Sessions or a Log is called, but for
// one when a Cluster is told of a namespace. A session's methods are called with locks held, and take none of this package. The
// order of all locks is in gateway/docs/ARCHITECTURE.md.
package socketio

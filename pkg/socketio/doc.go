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
// # Locks
//
// No lock of this package is held while a handler or a middleware runs, nor while a Cluster is called, but for one when it is
// told of a namespace. A session's methods are called with locks held, and take none of this package. The
// order of all locks is in gateway/docs/ARCHITECTURE.md.
package socketio

// Package engineio is an Engine.IO v4 server (protocol query EIO=4) for many connections on few resources.
//
// A [Server] is an http.Handler. Each client it accepts becomes a [Session]; the [Handler] given to
// [New] is told of it once and answers with the [Receiver] of that session's messages. Replies go
// the other way by plain calls: [Session.Send] puts packets into one bounded queue and returns.
//
// # How bytes move
//
// Up: one epoll tells which connections have something to say, and workers attend to those: they
// borrow a buffer, read, decode and call the Receiver. An idle connection has neither a goroutine nor
// a buffer. Where there is no epoll, and for TLS, a goroutine waits for each connection.
//
// Down: Send appends a reference to the queue of the session and marks the session as waiting. A
// flush loop takes all that the session has waiting and hands it to the kernel in one write. While
// it writes to others more gathers: a busy server writes bigger batches, an idle one has no delay.
//
// # Lock order
//
// Session.mu, then flusher.mu or wheel.mu or workers.mu or Server.mu; epoll.mu alone. None of these is held
// while another of the last five is taken, and none while a Handler or Receiver is called.
package engineio

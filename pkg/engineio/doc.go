// Package engineio is an Engine.IO v4 server (protocol query EIO=4) for many connections on few resources.
//
// A [Server] is an http.Handler. Each client it accepts becomes a [Session]; the [Handler] given to
// [New] is told of it once and answers with the [Receiver] of that session's messages. Replies go
// the other way by plain calls: [Session.Send] puts packets into one bounded queue and returns. A [Door] between a
// net.Listener and an http.Server makes connects and long-polling cheaper.
//
// # How bytes move
//
// Package internal/netpoll moves the bytes of WebSockets, and those of long-polling behind a Door. Up: one epoll tells which connections have
// something to say, and workers attend to those: they borrow a buffer, read, decode and call the Receiver.
// An idle connection has neither a goroutine nor a buffer. Where there is no epoll, and for TLS, a goroutine
// waits for each connection.
//
// Down: Send appends a reference to the outbox of the session. If nobody writes that yet, it wakes the
// session's carrier: a WebSocket, or a GET of long-polling that waits. A flush loop takes all that a WebSocket has waiting and
// hands it to the kernel in one write. While it writes to others more gathers: a busy server writes bigger
// batches, an idle one has no delay.
//
// # Locks and goroutines
//
// Handlers, Receivers and the functions in Options are called with no lock held but Session.turn, which gives a
// Receiver its messages one at a time. Shutdown waits for every goroutine but the requests of net/http. Both, in detail, are in
// gateway/docs/ARCHITECTURE.md.
package engineio

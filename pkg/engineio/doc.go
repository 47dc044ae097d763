// Package engineio is an Engine.IO v4 server (protocol query EIO=4) for many connections on few resources.
//
// A [Server] is an http.Handler. Each client it accepts becomes a [Session]; the [Handler] given to
// [New] is told of it once and answers with the [Receiver] of that session's messages. Replies go
// the other way by plain calls: [Session.Send] puts packets into one bounded queue and returns.
//
// # How bytes move
//
// Up: one goroutine per connection is parked in the runtime's poller and owns no buffer. When bytes
// arrive it borrows one, and a worker with a deeper stack decodes them and calls the Receiver, so
// that the parked stack stays as small as the runtime makes it.
//
// Down: Send appends a reference to the queue of the session and marks the session as waiting. A
// flush loop takes all that the session has waiting and hands it to the kernel in one write. While
// it writes to others more gathers: a busy server writes bigger batches, an idle one has no delay.
//
// # Lock order
//
// Session.mu, then flusher.mu or wheel.mu or Server.mu. None of the last three is held while
// another is taken, and none is held while a Handler or Receiver is called.
package engineio

// Package engineio is an Engine.IO v4 server (protocol query EIO=4) for many connections on few resources.
//
// A [Server] is an http.Handler. Each client it accepts becomes a [Session]; the [Handler] given to
// [New] is told of it once and answers with the [Receiver] of that session's messages. Replies go
// the other way by plain calls: [Session.Send] puts packets into one bounded queue and returns.
//
// # How bytes move
//
// Package internal/netpoll moves the bytes of WebSockets. Up: one epoll tells which connections have
// something to say, and workers attend to those: they borrow a buffer, read, decode and call the Receiver.
// An idle connection has neither a goroutine nor a buffer. Where there is no epoll, and for TLS, a goroutine
// waits for each connection.
//
// Down: Send appends a reference to the outbox of the session. If nobody writes that yet, it wakes the
// session's carrier: a WebSocket, or long-polling. A flush loop takes all that a WebSocket has waiting and
// hands it to the kernel in one write. While it writes to others more gathers: a busy server writes bigger
// batches, an idle one has no delay.
//
// # Lock order
//
// A lock may be taken while those before it are held:
//
//	Session.turn   held while a Receiver is called, so that all locks of the layers above come after it; long-polling
//	               holds it while Handler.Open is called too
//	Session.mu     of the same session, or by a Receiver that sends: of any
//	wheel.mu, workers.mu, locks of the net.Conn (for its deadlines)
//
// Server.mu, Admission.mu, wheel.mu, flusher.mu, workers.mu and epoll.mu are leaves: nothing is locked while one of them
// is held. Of these only Admission.mu, wheel.mu and workers.mu are taken under Session.mu; all but epoll.mu may be taken
// under Session.turn. Poller.opening is taken with nothing held, and nothing is locked under it. No session's turn is taken
// while a Session.mu is held, nor while another session's turn is.
//
// Handlers, Receivers and the functions in Options are called with no lock held but Session.turn.
//
// # Goroutines
//
// Shutdown waits for all of them: the poller's (flush loops, epoll, workers, those that wait for one
// connection), the wheel's, and the farewell of each session that polls and is closing. Requests of
// net/http are net/http's.
package engineio

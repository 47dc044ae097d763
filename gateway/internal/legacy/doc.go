// Package legacy brings in clients of Engine.IO 3 and Socket.IO v2 (socket.io-client 2.x), through
// the session of googollee/go-socket.io. From the Socket.IO packet upwards they are ordinary
// sockets of package socketio: the same decoder, handlers, rooms and acks as everyone else's.
//
// Of googollee/go-socket.io it uses the lower floors: its WebSocket transport and its session with heartbeat and upgrade. Its
// transport of long-polling is left out, in which a request waits for a deadline where the session ends in the middle of it, and so are
// its Socket.IO server and its Engine.IO server: they can't refuse a client, know no event that was not registered, ack at the wrong
// time and let one slow client stall a room. What the lower floors lack is made up for here:
//
//   - a session's id is random, and known before the client learns it
//   - requests are checked, and the client authenticated, before a session is made
//   - packets wait in a queue with a bound, written by the client's own goroutine
//   - payloads of long-polling count characters as JavaScript does
//   - a session that pauses for its upgrade does not spin, and one that ends leaves nothing open
//
// The heartbeat differs from Engine.IO 4: the client pings, and is given up after PingInterval and
// PingTimeout of silence. The open packet says that sum, since the transports know no other figure.
// JSONP is refused: it would hand a session to any page that includes a script.
//
// Limits, defaults and refusals are those of package engineio; with one engineio.Admission old and new
// clients are counted together.
//
// # Locks and goroutines
//
// Receivers and middlewares are called with no lock held. Each client has two goroutines, run and write, and a third
// one (noops) while it upgrades. Shutdown waits for all of them. The order of the locks, go-socket.io's among them, is in
// gateway/docs/ARCHITECTURE.md.
package legacy

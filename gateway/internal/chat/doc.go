// Package chat is the rules of the gateway: who may connect, which events it takes, who may join and send, and
// what the rooms are told. The JSON of all this is package contract's, and who is in which room is package
// presence's; this package decides.
//
// An event goes one way: from a socket through a handler into the [Store], and from there, once it is
// committed, to the room. The store calls back in commit order, and every room hears in that order. [New]
// registers the handlers with a namespace; what a client names as it connects is in arrival.go; each event has its file: join.go, send.go,
// relay.go, unknown.go. The web app says, moves and asks by say.go, move.go and who.go; keep.go is the end of the way of its messages and of
// clients'. Where a message goes
// is decided in destination.go; one that comes before its sender's join waits in early.go; resend.go knows what was sent before, and
// repeat.go what was sent before the process or the connection. A client that comes back is let into its rooms in recover.go and
// enquiries.go, and [Log] reads what it missed.
//
// It promises that
//
//   - an event that asks for an ack gets exactly one, unless its connection ends before; of an event without an ack
//     a client hears only that it failed, by an `error` event;
//   - what a room has heard as a message is committed, and an ack means committed;
//   - nobody hears a message or a relay under another identity than the verified one;
//   - nothing goes to a place that it does not name while it could name another, and a message to a person is heard by
//     that user's sockets and the sender's alone;
//   - what a client sends before its first join waits for it, in order, and what it repeats by its own id is stored once;
//   - what a room was told is told once, in the same order, to members that were away, or these are told that it is not; and nobody
//     comes back into a room that they may not be in any more;
//   - a right that ends ends for who is connected too, within Options.Recheck, unless nobody can say whether it has;
//   - what a client sends, asks for or makes up is bounded by rates, in events, bytes and log lines, for a
//     connection and for a user over all connections.
//
// Handlers run on the goroutine of their socket, one at a time; answers of the store on the store's own goroutine. While clients come back,
// another goroutine asks in which rooms they may still be. Three run from New to [Chat.Close]: that of [presence.Rosters], one that answers
// messages which waited too long for a join, and one that asks for rights again (recheck.go).
//
// No lock of this package is held while a handler calls the store, and only seats while it calls the rosters or a socket. A
// user's is taken while [presence.Rosters.TellOne] tells a list. The order of all locks is in gateway/docs/ARCHITECTURE.md.
package chat

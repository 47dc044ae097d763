// Package order has all gateways of a cluster tell the same messages in the same order: that of the commits.
//
// The database gives each message a position, and says which one was before it. A gateway tells its own messages to the others at
// once, hears theirs, in whatever order the wire has them, and tells both to its clients in the order of positions. What the wire
// has lost is read from the message table:
//
//   - a hole, which is a message that is known but whose predecessor is not there, after 100 ms;
//   - a tail, of which nothing was heard at all: the database's clock, read twice a second while nothing comes, is ahead;
//   - everything, four times a second, while the wire is known to be gone.
//
// One read that has seen a later position closes a hole, also one where nothing ever was: a commit that was undone leaves one.
//
//	Tell (own) ────┐
//	Heard (wire) ──┼─► waiting, by position ─► Local, one at a time ─► told (the ack)
//	After (table) ─┘
//
// The package knows neither Redis nor SQL nor sockets: see [Options].
package order

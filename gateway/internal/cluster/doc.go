// Package cluster is this gateway among others: who else is there, who is in which room there, and what all are told to do.
//
// A gateway is a node. While it is known to Redis it has an epoch, a random name, and a lease that it renews every second. Each room has a
// hash there with one field per node and user, so that every field has one writer, and every node hears what the others write. The
// README of the data is "What is kept in Redis" in gateway/docs/OPERATE.md.
//
// It is divided in two:
//
//   - [view] is what a node knows and what it has to do about it: its own fields, those of others in rooms that somebody here is in, leases,
//     losses. It has no clock, no lock and no connection: all is given to it.
//   - [Node] owns a view, its lock, and the goroutines that write, read and listen; the medium between nodes is Redis, and in tests of the
//     model memory with delay and loss.
//
// What it promises is written at [Node].
package cluster

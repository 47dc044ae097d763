// Package attach has the app's own Socket.IO server, in Node, live behind the gateway. A [Hub] owns the clients: their connections,
// heartbeats, queues and rooms. The app's processes dial it, and are told what clients say and tell what clients are to hear, over one
// link each: pkg/attach-js/PROTOCOL.md is the protocol.
//
// # What is promised
//
// A client outlives the process that serves it. Whoever has no link waits: what it says is held, in order, and it is presented to the next
// process with the ids, rooms and data of its sockets, and with what was held behind it. An app that leaves in order (BYE) loses nothing.
// Of one that is killed, what it had been given and had not handled is lost, as it is lost with any server. Holding has an end, in time,
// packets and bytes; then that client's connection is closed, so that it comes back by itself. Where a process is there and only slow, its
// clients wait for it as they would natively: what they say is read no further.
//
// Where the app's server has connectionStateRecovery, a client that loses its connection finds its sockets again, once, and hears what was
// told to them meanwhile, once and in order; or it is told that it begins anew. All of that is in this process' memory.
//
// # Ways
//
// Up: the engine hands a client's message to [client.Message], which puts a whole packet into the queue of the client's link, or
// holds it. One goroutine writes all that a link has waiting at once. Down: one goroutine reads a link and does what it says. A
// broadcast is encoded once, and queued for each member under the lock of its namespace, so that all members get one order.
//
// Of clients' packets the hub reads the type and the number of attachments, and that their JSON has no more than 100 levels: nothing else.
package attach

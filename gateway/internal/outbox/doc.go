// Package outbox tells clients what the web app emits within its own transactions: SELECT socketgate.emit(room, event, payload).
//
// The function adds a row to socketgate.emits and notifies. A row that can be seen was committed, and has no position until a gateway takes
// it: in one statement rows get places among the messages, behind all that were committed before ([store.Store.Aside]), and are told in
// that order. So an emit is recovered as a message is: in memory by its position, and from its row by whoever comes back after a restart.
// A process that is killed after rows have got their places and before they are told has them told by whoever reads them later: in a cluster
// the others, behind the clock, and clients that come back.
//
// Of gateways that are one, any takes a row, and tells the others as it tells them of a message. Rows are there for as long as a client may be
// away, and some minutes.
package outbox

// Package store keeps chat messages in the web app's own message table, on Postgres or SQLite, or keeps
// none at all and only answers (DATABASE_URL=none).
//
// It commits in groups. [Store.Save] puts a message into a bounded queue and returns. One goroutine, the
// committer, takes everything that gathered during its last commit and commits it in one statement; a second
// one, the delivery, tells the senders in the same order while the next commit runs. There is no timer: an idle
// store commits a message at once, a busy one commits more at a time.
//
//	Save ──▶ queue ──▶ committer ──▶ answers ──▶ delivery ──▶ done(stored, nil)
//	                       │
//	                       ▼ when the database fails
//	                   repair: connect anew, undo what was refused, try again
//
// # Promises
//
//   - done(stored, nil) is called after the commit returned, never before.
//   - Messages are committed and answered in the order in which Save queued them, so a room's order in the
//     database is the order in which it hears them.
//   - A message answered with an error is not in the database, and does not turn up there later. Where that
//     can't be kept (the process ends while a commit is in doubt; the database makes the ids and there is no
//     time column; deleting is forbidden) the log says so.
//   - Each message is answered once, within Config.Timeout, and memory is bounded while the database is down.
//
// # Several gateways
//
// With Config.Node the stores of one table commit in one order, by a lock and a sequence of the database, and Save's promises
// differ: messages are answered in the order of commits, which within a conversation is that of the Saves; a message whose
// sender was answered message.ErrUnavailable may be stored, and is then found by every gateway with [Store.After]; nothing is deleted.
//
// # Where to read
//
//   - store.go, save.go, queue.go, commit.go: the way of a message. outage.go: what happens when a commit fails.
//   - clock.go, position.go, ids.go: what a row gets before it is committed: its time, its place in the order, its id.
//   - cluster.go, turn.go, held.go, settle.go and table_postgres_{clock,turn,waiting,settle}.go: the same with several gateways.
//   - probe.go, table_*_probe.go: whether the table keeps that order.
//   - missed.go, sweep.go, swath.go, kept.go: how what clients missed is read again. helpful_index.go: the index that makes it cheap.
//   - repeated.go, fingerprints.go: how a message is known again that was stored before.
//   - schema.go, roles.go, places.go, column.go, mapping.go: how the message table and its columns are found at the start. fields.go: those
//     that clients fill.
//   - table.go: what the store asks of a table. table_postgres_*.go, table_sqlite_*.go and table_none.go answer.
//   - access.go, ready.go, inspect.go: what others ask.
//
// # Goroutines
//
// Open starts the committer, the delivery and the sweep, and Close waits for all of them. The committer alone writes to the table,
// stamps times and runs the repair. While the database is down, the repair asks it on a goroutine of its own and
// goes on answering messages whose time is over; it waits for that goroutine before it does anything else. A
// Postgres connection that is given up says goodbye on a goroutine of the table, for a second at most; close waits
// for it. The sweep reads what clients missed, over the connections for reading: all who ask while it reads are read
// together next. The pools' own goroutines end with the table.
//
// # Locks
//
// done and the Observer's methods are called with no lock held. The health's lock is held while the database is pinged, a
// second at most, so that simultaneous probes share one answer. The order of all locks is in gateway/docs/ARCHITECTURE.md.
package store

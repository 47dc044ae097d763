// Package saved keeps sessions of clients beyond the end of the process, beside the app's tables: in the schema socketgate of its
// Postgres, or in a file beside its SQLite database. It implements [socketio.Sessions], and that is all that it has to do with
// the rest: what else can keep sessions may stand in its place.
//
// [Sessions.Changed] and [Sessions.Ended] only queue. One goroutine, the writer, takes what has changed since its last pass, asks
// each socket what its session is now, and writes all of it in one statement. [Sessions.Claim] queues too: a second goroutine
// gives all who wait their sessions in one statement. Both try again by themselves while the database is away.
//
// A session belongs to one gateway, by the name that each process makes up for itself. Whoever claims one becomes its owner, and
// what an earlier owner writes later is refused. While anything is connected to it, a gateway gives a sign of life every second,
// by the database's clock; its sessions are good for the window from the last one on. Then any gateway sweeps them away.
//
// What is kept of a session is a hash of its namespace and id, the user's id and the rooms (see [socketio.SavedSession]): no pid, by which clients are let in,
// and nothing of what was said. In Postgres the tables are UNLOGGED: they cost no write-ahead log, and are empty after a crash of
// the server. The writer notices and writes all sessions anew; so does it when a file was damaged and made anew.
//
// No caller waits for the database but in Claim. The locks of the package are held for a few instructions. Its goroutines end
// with [Sessions.Close].
package saved

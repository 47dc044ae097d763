// Package saved keeps sessions of clients beyond the end of the process: in the Redis that makes gateways one, or else beside the app's
// tables, in the schema socketgate of its Postgres or in a file beside its SQLite database. It implements [socketio.Sessions]: whatever else
// can keep sessions may stand in its place.
//
// [Sessions.Changed] and [Sessions.Ended] only queue. One goroutine, the writer, takes what has changed since its last pass, asks
// each socket what its session is now, and writes all of it in one statement. [Sessions.Claim] queues too: a second goroutine
// gives all who wait their sessions in one statement. Both try again by themselves while the database is away.
//
// A session belongs to one gateway, by the name that each process makes up for itself. Whoever claims one becomes its owner, and
// what an earlier owner writes later is refused. While anything is connected to it, a gateway gives a sign of life every second,
// by the database's clock; its sessions are good for the window from the last one on. Then any gateway sweeps them away, or Redis
// forgets them.
//
// What Redis has is copied into Postgres, where there is one (copied): a Redis that loses all takes no session along whose gateway is killed
// or stands still then. Redis decides whose a session is; the copy counts where Redis has nothing, or something older.
//
// A session may be claimed while its owner still has the client's connection, which is dead and not known to be. The owner learns it
// with its next sign of life (in Redis), or when its next write is refused, and closes that connection. What it has in memory is not taken up
// again before [Sessions.Reclaim] has said that nobody else has it.
//
// What is kept of a session is a hash of its namespace and id, the user's id and the rooms (see [socketio.SavedSession]): no pid, by which
// clients are let in, and nothing of what was said. A crash of Postgres loses none of it: a change costs some 280 bytes of write-ahead log, in
// commits that many changes share. When tables were dropped, or a file was damaged and made anew, the writer notices and writes all sessions
// anew.
//
// What is kept may be older than what is so, while a change waits to be written. Nobody may be promised more than what is kept:
// see [Sessions.WhenSaved]. What Redis could not be told in time is noted in Postgres as void (voids): the copy is taken up in its place. Beside SQLite some room is set aside for changes, and if there is none left the file is deleted.
//
// No caller waits for the database but in Claim. The locks of the package are held for a few instructions. Its goroutines end
// with [Sessions.Close].
package saved

// Package store keeps chat messages in the web app's own message table, on Postgres or SQLite, or keeps
// none at all and only relays (DATABASE_URL=none).
//
// It commits in groups. [Store.Save] puts a message into a bounded queue and returns. One goroutine, the
// committer, takes everything that gathered during its last commit and commits it in one statement; a second
// one tells the senders, in the same order, while the next commit runs. There is no timer: an idle store
// commits a message at once, a busy one commits more at a time.
//
//	Save ──▶ queue ──▶ committer ──▶ answers ──▶ done(stored, nil)
//	                       │
//	                       ▼ when the database fails
//	                   recovery: probe, undo what was refused, try again
//
// What it promises:
//
//   - done(stored, nil) is called after the commit returned, never before.
//   - Messages are committed and answered in the order in which Save queued them, so a room's order in the
//     database is the order in which it hears them.
//   - A message answered with an error is not in the database, and does not turn up there later. Where that
//     can't be kept (the process ends while a commit is in doubt; the database makes the ids and there is no
//     time column; deleting is forbidden) the log says so.
//   - Each message is answered once, within Config.Timeout, and memory is bounded while the database is down.
package store

// Package neighbours finds other gateways on the same message table. Each gateway keeps its rooms to itself: two of them are
// two chats, whose people don't hear each other, and nothing else shows it.
//
// A gateway shows itself while it runs and looks for others now and then. In Postgres it shows itself by the name of a
// connection that it holds for this alone, which every role may see in pg_stat_activity; behind PgBouncer in transaction mode
// nobody can be seen. On a SQLite file it holds a shared flock(2), which SQLite itself does not use.
//
// One goroutine, owned by the Watch, looks. It takes no lock.
package neighbours

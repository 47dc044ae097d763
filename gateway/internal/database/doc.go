// Package database is what every part that talks to the app's database shares: reading DATABASE_URL, opening connections to
// Postgres or to a SQLite file, and telling what an error means. It knows no table.
//
// [Parse] is the only reader of DATABASE_URL. [URL.PoolConfig] and [OpenSQLite] are the only makers of connections, so that
// deadlines, TLS, poolers and durability are decided in one place. [PostgresFault] and [SQLiteFault] sort an error by what
// the caller should do about it.
//
// The password stays inside a [URL] and its connections: no error of this package holds it, nor any value of a row.
//
// The package starts no goroutine and has no lock. Connections of a Postgres pool end with the context that was given as
// their life, whatever the server does; everything else is closed by whoever opened it. All functions may be called from any
// goroutine.
package database

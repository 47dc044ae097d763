// Package postgresemitter hears @socket.io/postgres-emitter: a program emits by NOTIFY on its own connection to PostgreSQL, and so,
// where it wants, as a part of its transaction. What is rolled back was never said, and what is committed is said after it is there.
//
// The emitter gives no promise to wait for. On the connection of a transaction its NOTIFY is queued before what is asked for next;
// with attachments it waits for the row first, so that a COMMIT must wait a turn too.
//
// There is no Redis in it, and every server listens itself: what is emitted is told to the sockets of this server alone.
//
//	config, err := pgx.ParseConfig(os.Getenv("DATABASE_URL"))
//	...
//	go func() {
//		defer close(stopped)
//		postgresemitter.Listen(ctx, config, postgresemitter.Options{Namespaces: []*socketio.Namespace{io.Of("/")}})
//	}()
//
// Whoever may connect to the database may NOTIFY, and with it speak to every socket.
package postgresemitter

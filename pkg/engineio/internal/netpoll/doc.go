// Package netpoll reads and writes many connections on few goroutines. It moves bytes and knows no
// protocol.
//
// A [Poller] attends to [Conn]s. Each Conn has an [Owner]: the poller hands it the bytes that come, and
// takes from it the [Batch]es of frames that are to be written.
//
//	what                  read by                              written by
//	TCP on Linux          a worker, when epoll calls           a flush loop
//	a Polled of the user  a worker, when it calls itself       a flush loop
//	TCP elsewhere         a goroutine that waits for it        a flush loop
//	TLS, anything else    a goroutine that waits for it        a goroutine of its own
//
// On Linux [Listen]'s connections are not known to the runtime's poller, which would wait for each a second time.
//
// A connection that takes no more bytes leaves its flush loop for a goroutine of its own, until all that
// waits is written.
//
// An Owner's methods are called without a lock of this package held. The methods of Conn may be called
// while the caller holds locks of its own: they call nobody while they hold one of this package. The order of all
// locks is in gateway/docs/ARCHITECTURE.md.
package netpoll

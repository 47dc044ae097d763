package engineio

import "net"

// Polled is a connection that says when it can be read, and is therefore served without a goroutine
// of its own, as TCP connections are on Linux. The engine uses it when a hijacked connection is one.
type Polled interface {
	net.Conn
	// Notify sets what to call when bytes have come, or the end of them. It may be called too often,
	// by any goroutine, and returns at once.
	Notify(ready func())
	// TryRead and TryWrite do what can be done at once: 0 without an error means nothing. A TryRead
	// that neither fills p nor returns an error has read all that there is, and not met the end.
	// They respect deadlines and may be called at the same time as each other.
	TryRead(p []byte) (int, error)
	TryWrite(p []byte) (int, error)
}

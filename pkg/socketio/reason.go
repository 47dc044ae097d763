package socketio

import "github.com/socketgate/socketgate/pkg/engineio"

// Reason says why a socket or a connection ended. Package engineio has those of the connection.
type Reason = engineio.Reason

// Reasons of this layer why a connection ends.
const (
	// ConnectTimeout: no CONNECT came in time, or no namespace was joined in time.
	ConnectTimeout Reason = "connect timeout"
	// NoPlace: the client would be let in, but there is no place for it any more (Engine.MaxConnections). It comes back by itself.
	NoPlace Reason = "no place"
	// HandshakeReleased: the client asked for a further namespace after Options.NamespaceTimeout. It
	// comes back by itself and joins all its namespaces at once.
	HandshakeReleased Reason = "handshake released"
	// Refused: a middleware refused the client and asked to close. The client was told by
	// CONNECT_ERROR, and does not come back by itself.
	Refused Reason = "connect refused"
	// ServerDisconnect: Socket.Disconnect. The client was told by DISCONNECT, and does not come back
	// by itself. With false, the socket has left and the connection goes on.
	ServerDisconnect Reason = "server namespace disconnect"
	// Replaced: the client has come back by another connection, before this one was known to be dead.
	Replaced Reason = "session taken up"
	// Superseded: the client has come back to another server, before this connection was known to be dead.
	Superseded Reason = "session taken up elsewhere"
	// GivenUp: the application has given up the session, by Socket.Close. The client comes back by itself and begins a new one.
	GivenUp Reason = "session given up"
	// HandlerPanic: a handler had a bug. Only its own client is closed.
	HandlerPanic Reason = "handler panic"
)

// ClientDisconnect is why a socket left while its connection stayed: the client said so.
const ClientDisconnect Reason = "client namespace disconnect"

package engineio

// Reason says why a session ended. The texts of the first group are the official server's, so that
// what people know from Node's logs stays true.
type Reason string

// Why sessions end. An official client comes back by itself after each of these, as it does
// whenever the transport goes away without a Socket.IO DISCONNECT packet.
const (
	TransportClose Reason = "transport close"      // the client closed, or its connection went away
	TransportError Reason = "transport error"      // the client broke the WebSocket or Engine.IO protocol, or the network failed
	PingTimeout    Reason = "ping timeout"         // no pong within PingTimeout
	ParseError     Reason = "parse error"          // a packet that can't be read
	ForcedClose    Reason = "forced close"         // the layer above closed it: a bad packet, a kick
	ShuttingDown   Reason = "server shutting down" // Server.Shutdown

	QueueFull   Reason = "slow reader"  // the client took its packets slower than they came, past SendQueueBytes
	NotUpgraded Reason = "not upgraded" // it stayed with long-polling where that is only the way to a WebSocket

	GaveWay Reason = "gave way" // it was the eldest of its address that had not said who it is, and others came: see Options.MaxPendingPerIP

	TooMuchPending Reason = "too much before connect" // more than Options.PendingPayload before Session.Settle
)

package app

import (
	"fmt"
	"io"

	"github.com/socketgate/socketgate/gateway/internal/attach"
	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/ops"
	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// reasons are all the ways in which a connection ends, as logs and metrics name them. An official
// client comes back by itself unless it was told to stay away, by CONNECT_ERROR or DISCONNECT, or
// wanted to leave.
var reasons = []ops.DisconnectReason{
	reason(engineio.TransportClose, true, "the client closed, or its connection went away (a client that closed on purpose stays away)"),
	reason(engineio.TransportError, true, "the client broke the WebSocket or Engine.IO protocol, or the network failed"),
	reason(engineio.PingTimeout, true, "no pong within PING_TIMEOUT"),
	reason(engineio.ParseError, true, "a packet that can't be read: broken, of more than 100 levels, or with a placeholder that has no attachment of its own; the log names each kind once"),
	reason(engineio.ForcedClose, true, "a packet out of order: an event before CONNECT, a second CONNECT"),
	reason(engineio.ShuttingDown, true, "the gateway stops"),
	reason(engineio.QueueFull, true, "the client reads slower than its messages come, past SEND_QUEUE_BYTES"),
	reason(engineio.NotUpgraded, true, "no WebSocket within 10 s, and none that was being opened then, with POLLING=upgrade"),
	reason(engineio.GaveWay, true, "it had not logged in, its address had MAX_PENDING_PER_IP of such connections, or its share of MAX_PENDING, and one more came: the one that has been silent for longest gives way"),
	reason(engineio.TooMuchPending, true, "more than 32 KiB in one packet before CONNECT, or not read by then"),
	reason(socketio.ConnectTimeout, true, "no CONNECT within PENDING_TIMEOUT, or no namespace joined within CONNECT_TIMEOUT"),
	reason(socketio.NoPlace, true, "all places of MAX_CONNECTIONS or MAX_CONNECTIONS_PER_IP were taken as it logged in"),
	reason(socketio.HandshakeReleased, true, "a further namespace was joined long after the first; the client joins all at once as it comes back"),
	reason(socketio.Refused, false, "no valid token, or MAX_CONNECTIONS_PER_USER; the app logs in and calls connect() again"),
	reason(socketio.ServerDisconnect, false, "the server sent it away"),
	reason(socketio.Replaced, true, "the client has come back by another connection, before this one was known to be dead"),
	reason(socketio.Superseded, true, "the client has come back by another gateway, before this connection was known to be dead"),
	reason(socketio.GivenUp, true, "it changed rooms while that could not be saved; the client comes back and begins anew (`recovered` is false)"),
	reason(socketio.HandlerPanic, true, "a bug in the gateway, which only this client feels; please report it"),
	reason(chat.TokenExpired, true, "the token's exp has passed; the client comes back with its fresh cookie"),
	reason(chat.LoginEnded, true, "the app has ended the login (REVOKED_QUERY, SESSION_QUERY); the client comes back and is refused, unless it has a fresh one"),
	reason(chat.TooOld, true, "MAX_CONNECTION_AGE has passed; the client comes back and is verified anew"),
	reason(chat.SessionsUnavailable, true, "the database could not say whose session it is, or whether it was ended (SESSION_QUERY, REVOKED_QUERY)"),
	reason(chat.RoomsUnavailable, true, "the database could not say in which rooms the user is (USER_ROOMS_QUERY)"),
	reason(attach.AppAway, true, "no process of the app's own server was there within ATTACH_HOLD, or took what the client said"),
	reason(attach.AppSlow, true, "more than ATTACH_HOLD_PACKETS, SEND_QUEUE_BYTES or, in all, ATTACH_HOLD_BYTES waited for the app's own server"),
	reason(attach.ByApp, true, "the app's own server closed the connection, or has ended and keeps nobody (keep: false)"),
	reason(chat.Flooding, true, "many times more events than RATE_LIMIT allows"),
}

func reason(r engineio.Reason, returns bool, meaning string) ops.DisconnectReason {
	return ops.DisconnectReason{Reason: r, Returns: returns, Meaning: meaning}
}

// WriteReasons writes the table of reasons that gateway/docs/OPERATE.md shows.
func WriteReasons(w io.Writer) error {
	if _, err := fmt.Fprint(w, "| reason | comes back | meaning |\n| --- | --- | --- |\n"); err != nil {
		return err
	}
	for _, r := range reasons {
		returns := "yes"
		if !r.Returns {
			returns = "no"
		}
		if _, err := fmt.Fprintf(w, "| `%s` | %s | %s |\n", r.Reason, returns, r.Meaning); err != nil {
			return err
		}
	}
	return nil
}

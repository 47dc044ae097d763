package socketio

import (
	"encoding/json"
	"time"
)

// origin is what a socket keeps of its beginning: for whoever lists it, with a Cluster, and to take its session up again, with
// Recovery.
type origin struct {
	handshake *handshakeRecord // nil without a Cluster
	user      string           // Handshake.User
	since     Offset           // an event after it was told, if at all, when the socket was connected
	began     time.Time        // zero where the session was taken up
	left      []LeftRoom       // Socket.mu guards it
}

func (o *origin) json() json.RawMessage {
	if o == nil {
		return json.RawMessage("null")
	}
	return o.handshake.json()
}

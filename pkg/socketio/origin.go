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
	since     Offset           // of the latest kept event when the session began: the client is owed none up to that one
	began     time.Time        // zero if the session was taken up
	left      []LeftRoom       // Socket.mu guards it
}

func (o *origin) json() json.RawMessage {
	if o == nil {
		return json.RawMessage("null")
	}
	return o.handshake.json()
}

package redisadapter

import (
	"encoding/json"

	"github.com/socketgate/socketgate/pkg/socketio"
)

// Emission is what an emitter has said in the envelope that the official streams and Postgres adapters have in common, which is not
// a message of this package's wires.
type Emission struct {
	// Payload is the envelope, in JSON or msgpack.
	Payload []byte
	// Namespace is what the envelope is for when it does not say, as that of @socket.io/postgres-emitter doesn't. Empty is "/".
	Namespace string
}

// Tell does what an emission says, at the sockets of this server alone: other servers hear it themselves. Find returns a namespace
// of the server, or nil for one that it has not. Events for servers go to event, which may be nil. Handlers of sockets that are
// disconnected run before it returns. The error says that the envelope can't be understood.
func (e Emission) Tell(find func(namespace string) *socketio.Namespace, event func(ns *socketio.Namespace, event string, args []json.RawMessage)) error {
	env, err := openEnvelope(e.Payload)
	if err != nil {
		return err
	}
	env.Namespace = e.namespace(env)
	return env.tell(find, event)
}

func (e envelope) tell(find func(string) *socketio.Namespace, event func(*socketio.Namespace, string, []json.RawMessage)) error {
	m, err := e.read()
	if err != nil {
		return err
	}
	ns := find(e.Namespace)
	if ns == nil {
		return nil
	}
	local := ns.Local(m.to)
	switch m.kind {
	case broadcast:
		return local.Emit(m.event, values(m.args)...)
	case join:
		local.Join(m.rooms...)
	case leave:
		local.Leave(m.rooms...)
	case disconnect:
		local.Disconnect(m.closes)
	case serverEvent:
		if event != nil && m.request == "" {
			event(ns, m.event, m.args)
		}
	}
	return nil
}

func (e Emission) namespace(env envelope) string {
	if env.Namespace != "" {
		return env.Namespace
	}
	var data struct{ Packet packet }
	if json.Unmarshal(env.Data, &data) == nil && data.Packet.Namespace != "" {
		return data.Packet.Namespace
	}
	if e.Namespace != "" {
		return e.Namespace
	}
	return "/"
}

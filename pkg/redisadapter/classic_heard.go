package redisadapter

import (
	"encoding/json"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// decode reads what came by a channel of a namespace.
func (c classic) decode(ns, channel string, payload []byte) (m message, err error) {
	if _, is := c.behind(channel, "", ns); is {
		return c.decodeBroadcast(ns, payload)
	}
	if c.isAnswer(ns, channel) {
		return c.decodeAnswer(payload)
	}
	return c.decodeRequest(payload)
}

// asJSON reads either form.
func asJSON(payload []byte) (json.RawMessage, error) {
	if len(payload) > 0 && payload[0] == '{' {
		if rawjson.Check(payload) != nil {
			return nil, errMessage
		}
		return payload, nil
	}
	value, rest, err := readJSON(payload)
	if err != nil || len(rest) > 0 {
		return nil, errMessage
	}
	return value, nil
}

func (c classic) decodeRequest(payload []byte) (m message, err error) {
	value, err := asJSON(payload)
	if err != nil {
		return m, err
	}
	var r classicRequest
	if json.Unmarshal(value, &r) != nil {
		return m, errMessage
	}
	m.uid, m.asker, m.request, m.rooms = r.UID, r.UID, r.Request, r.Rooms
	for k, number := range classicTypes {
		if number == r.Type && !k.isAnswer() {
			m.kind = k
		}
	}
	if r.Close != nil {
		m.closes = *r.Close
	}
	if err := r.Options.read(&m); err != nil {
		return m, err
	}
	switch {
	case m.kind == serverEvent:
		err = m.readEvent(r.Data)
	case m.kind == broadcast && (r.Packet == nil || r.Request == ""):
		err = errMessage
	case m.kind == broadcast:
		err = m.readEvent(r.Packet.Data)
	case m.kind == join || m.kind == leave || m.kind == disconnect:
		if r.Options == nil && r.SID == "" {
			return m, errMessage // it would mean everybody
		}
		if r.Options == nil {
			m.to.Rooms = []string{r.SID}
			m.rooms = []string{r.Room}
		} else {
			m.request = ""
		}
	}
	return m, err
}

func (c classic) decodeAnswer(payload []byte) (m message, err error) {
	value, err := asJSON(payload)
	if err != nil {
		return m, err
	}
	var a classicAnswer
	if json.Unmarshal(value, &a) != nil || a.Request == "" {
		return m, errMessage
	}
	m.uid, m.request, m.asker = a.UID, a.Request, c.uid
	switch {
	case a.Type != nil && *a.Type == classicTypes[clientCount] && a.Clients != nil:
		m.kind, m.clients = clientCount, *a.Clients
	case a.Type != nil && *a.Type == classicClientAck:
		m.kind, m.ack = clientAck, orNull(a.Packet)
	case a.Type != nil && *a.Type == classicTypes[serverAck]:
		m.kind, m.ack = serverAck, orNull(a.Data)
	case a.Rooms != nil:
		m.kind, m.rooms = someRooms, a.Rooms
	case a.Sockets != nil:
		m.kind = someSockets
		m.sockets, err = readSockets(a.Sockets)
	default:
		m.kind = done
	}
	return m, err
}

func orNull(v json.RawMessage) json.RawMessage {
	if v == nil {
		return json.RawMessage("null")
	}
	return v
}

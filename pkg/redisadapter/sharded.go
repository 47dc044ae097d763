package redisadapter

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// sharded is the wire of @socket.io/redis-adapter's createShardedAdapter: sharded Pub/Sub of Redis 7, where each room may have a
// channel of its own that only servers with members in it subscribe.
type sharded struct {
	prefix string
	uid    string
	static bool // no channels of rooms
}

func newSharded(prefix string, static bool) sharded {
	var b [8]byte
	rand.Read(b[:])
	return sharded{prefix: prefix, uid: hex.EncodeToString(b[:]), static: static}
}

func (s sharded) name() string { return s.uid }

func (s sharded) newRequest() string { return newSharded("", false).uid }

func (s sharded) main(ns string) string      { return s.prefix + "#" + ns + "#" }
func (s sharded) counted(ns string) string   { return s.main(ns) }
func (s sharded) own(ns string) string       { return s.responses(ns) }
func (s sharded) responses(ns string) string { return s.main(ns) + s.uid + "#" }

func (s sharded) subscriptions(ns string) []subscription {
	return []subscription{{byShard, s.main(ns)}, {byShard, s.responses(ns)}}
}

// hasChannel tells whether broadcasts to a room have a channel of their own. Official servers take every name of 20 characters for
// a socket's.
func (s sharded) hasChannel(room string) bool { return !s.static && len([]rune(room)) != 20 }

func (s sharded) roomSubscription(ns, room string) (subscription, bool) {
	return subscription{byShard, s.main(ns) + room + "#"}, s.hasChannel(room)
}

var shardedTypes = map[kind]int{
	broadcast: 3, join: 4, leave: 5, disconnect: 6, askSockets: 7, someSockets: 8, serverEvent: 9, serverAck: 10, clientCount: 11, clientAck: 12,
}

// envelope is every message of the sharded, streams and Postgres adapters.
type envelope struct {
	Type      int             `json:"type"`
	Data      json.RawMessage `json:"data,omitempty"`
	UID       string          `json:"uid"`
	Namespace string          `json:"nsp"`
}

type contents struct {
	Packet  json.RawMessage   `json:"packet,omitempty"`
	Options *options          `json:"opts,omitempty"`
	Rooms   names             `json:"rooms,omitempty"`
	Close   *bool             `json:"close,omitempty"`
	Request string            `json:"requestId,omitempty"`
	Clients *int              `json:"clientCount,omitempty"`
	Sockets []json.RawMessage `json:"sockets,omitzero"`
}

type packet struct {
	Type      int               `json:"type"`
	Data      []json.RawMessage `json:"data"`
	Namespace string            `json:"nsp,omitempty"`
}

func (s sharded) encode(ns string, m *message) (channel string, payload []byte, err error) {
	if m.kind == broadcast && m.request == "" {
		payload, err = s.encodeBroadcast(ns, m)
	} else {
		payload, err = s.encodeOther(ns, m)
	}
	if err == nil && bytes.Contains(payload, attachmentStart) {
		payload, err = appendJSON(nil, payload)
	}
	channel = s.main(ns)
	switch {
	case m.kind.isAnswer():
		channel += m.asker + "#"
	case m.order != nil: // servers without members in the room must hear of it too
	case m.kind == broadcast && m.request == "" && len(m.to.Rooms) == 1 && s.hasChannel(m.to.Rooms[0]):
		channel += m.to.Rooms[0] + "#"
	}
	return channel, payload, err
}

// encodeBroadcast writes the message that there are most of. A kept one begins with its order and its rooms, so that glance finds
// them; to official servers the order of keys is all the same.
func (s sharded) encodeBroadcast(ns string, m *message) ([]byte, error) {
	b := append(make([]byte, 0, 256), shardedHead...)
	if m.order != nil {
		b = append(append(b, shardedOrder...), hex.EncodeToString(m.order.bytes())...)
		b = append(s.appendOptions(append(b, shardedRooms...), m), ',')
	}
	b = append(b, `"packet":{"type":2,"data":[`...)
	b = rawjson.AppendString(b, m.event)
	for _, arg := range m.args {
		if rawjson.Check(arg) != nil {
			return nil, errJSON
		}
		b = append(append(b, ','), arg...)
	}
	b = append(b, "]}"...)
	if m.order == nil {
		b = s.appendOptions(append(b, `,"opts":{"rooms":`...), m)
	}
	return append(append(b, '}'), s.ending(ns)...), nil
}

const (
	shardedHead  = `{"type":3,"data":{`
	shardedOrder = `"opts":{"` + orderKey + `":"`
	shardedRooms = `","rooms":`
)

func (s sharded) appendOptions(b []byte, m *message) []byte {
	b = appendNamesJSON(b, m.to.Rooms)
	b = appendNamesJSON(append(b, `,"except":`...), m.to.Except)
	b = append(b, `,"flags":{`...)
	if m.to.Volatile {
		b = append(b, `"volatile":true`...)
	}
	return append(b, "}}"...)
}

// ending is what encode writes behind the data.
func (s sharded) ending(ns string) string {
	return `,"uid":"` + s.uid + `","nsp":` + string(rawjson.Quote(ns)) + `}`
}

func appendNamesJSON(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, name := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = rawjson.AppendString(b, name)
	}
	return append(b, ']')
}

func (s sharded) encodeOther(ns string, m *message) (payload []byte, err error) {
	c := contents{Request: m.request, Rooms: m.rooms}
	switch m.kind {
	case broadcast:
		c.Packet, err = json.Marshal(packet{Type: eventPacket, Data: m.eventArray()})
		c.Options = withFlags(m.to, m.within)
	case join, leave, askSockets:
		c.Options = withFlags(m.to, 0)
	case disconnect:
		c.Options, c.Close = withFlags(m.to, 0), &m.closes
	case serverEvent:
		c.Packet, err = json.Marshal(m.eventArray())
	case serverAck, clientAck:
		c.Packet = m.ack
	case someSockets:
		c.Sockets = notNil(socketsJSON(m.sockets))
	case clientCount:
		c.Clients = &m.clients
	}
	if err != nil {
		return nil, errJSON
	}
	data, err := json.Marshal(c)
	if err != nil {
		return nil, errJSON
	}
	return json.Marshal(envelope{shardedTypes[m.kind], data, s.uid, ns})
}

func (s sharded) isAnswer(ns, channel string) bool { return channel == s.responses(ns) }

func (s sharded) isOwn(ns string, payload []byte) bool {
	return bytes.HasSuffix(payload, []byte(s.ending(ns)))
}

// glance finds the order of a kept event in JSON alone: in msgpack are only those with attachments.
func (s sharded) glance(ns, channel string, payload []byte) (room string, o *order) {
	room, _ = strings.CutSuffix(strings.TrimPrefix(channel, s.main(ns)), "#")
	if room == s.uid { // the channel of answers
		return "", nil
	}
	const digits = len(shardedHead) + len(shardedOrder)
	const rooms = digits + 2*orderBytes + len(shardedRooms)
	if len(payload) < rooms || string(payload[:digits]) != shardedHead+shardedOrder {
		return room, nil
	}
	b, err := hex.DecodeString(string(payload[digits : digits+2*orderBytes]))
	o, ok := orderOf(b)
	if err != nil || !ok {
		return room, nil
	}
	if one := onlyName(payload[rooms:]); one != "" {
		room = one
	}
	return room, o
}

// onlyName returns the name in the JSON array that data begins with, if it is one and plain: others are left to decode.
func onlyName(data []byte) string {
	data, _ = bytes.CutPrefix(data, []byte(`["`))
	name, after, found := bytes.Cut(data, []byte(`"`))
	if !found || len(after) == 0 || after[0] != ']' || bytes.IndexByte(name, '\\') >= 0 {
		return ""
	}
	return string(name)
}

func (s sharded) decode(ns, channel string, payload []byte) (m message, err error) {
	e, err := openEnvelope(payload)
	if err != nil {
		return m, err
	}
	if e.Namespace != ns {
		return m, errMessage
	}
	return e.read()
}

// openEnvelope reads a message in either form.
func openEnvelope(payload []byte) (e envelope, err error) {
	value, err := asJSON(payload)
	if err != nil {
		return e, err
	}
	if json.Unmarshal(value, &e) != nil {
		return e, errMessage
	}
	return e, nil
}

func (e envelope) read() (m message, err error) {
	m.uid, m.asker = e.UID, e.UID
	for k, number := range shardedTypes {
		if number == e.Type {
			m.kind = k
		}
	}
	var c contents
	if m.kind == unknown {
		return m, nil
	}
	if json.Unmarshal(e.Data, &c) != nil {
		return m, errMessage
	}
	m.request, m.rooms = c.Request, c.Rooms
	if c.Close != nil {
		m.closes = *c.Close
	}
	if err := c.Options.read(&m); err != nil {
		return m, err
	}
	switch m.kind {
	case broadcast:
		var p packet
		if json.Unmarshal(c.Packet, &p) != nil {
			return m, errMessage
		}
		err = m.readEvent(p.Data)
	case join, leave, disconnect:
		m.request = ""
		if c.Options == nil {
			err = errMessage // it would mean everybody
		}
	case serverEvent:
		var array []json.RawMessage
		if json.Unmarshal(c.Packet, &array) != nil {
			return m, errMessage
		}
		err = m.readEvent(array)
	case serverAck, clientAck:
		m.ack = orNull(c.Packet)
	case someSockets:
		m.sockets, err = readSockets(c.Sockets)
	case clientCount:
		if c.Clients == nil {
			return m, errMessage
		}
		m.clients = *c.Clients
	}
	return m, err
}

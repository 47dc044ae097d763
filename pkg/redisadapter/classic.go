package redisadapter

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/socketgate/socketgate/pkg/socketio"
)

// classic is the wire of @socket.io/redis-adapter's createAdapter, and of @socket.io/redis-emitter: Pub/Sub, broadcasts in msgpack,
// the rest mostly in JSON.
type classic struct {
	prefix string
	uid    string
}

func newClassic(prefix string) classic { return classic{prefix: prefix, uid: shortID()} }

// shortID is 6 characters, as official servers and requests have them.
func shortID() string {
	var b [4]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (c classic) name() string       { return c.uid }
func (c classic) newRequest() string { return shortID() + shortID() } // more than official ones: answers are matched by it alone

func (c classic) broadcasts(ns string) string { return c.prefix + "#" + ns + "#" }
func (c classic) requests(ns string) string   { return c.prefix + "-request#" + ns + "#" }
func (c classic) responses(ns string) string  { return c.prefix + answers + "#" + ns + "#" }

const answers = "-response"

// counted is the channel whose subscribers are the servers of a namespace.
func (c classic) counted(ns string) string { return c.requests(ns) }
func (c classic) own(ns string) string     { return c.responses(ns) + c.uid + "#" }

func (c classic) subscriptions(ns string) []subscription {
	return []subscription{
		{byPattern, escapeGlob(c.broadcasts(ns)) + "*"},
		{byName, c.requests(ns)},
		{byName, c.responses(ns)},
		{byName, c.own(ns)},
	}
}

func (c classic) roomSubscription(string, string) (subscription, bool) { return subscription{}, false }

// escapeGlob has a namespace's name mean itself in a pattern: clients may choose it.
var globs = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)

func escapeGlob(name string) string { return globs.Replace(name) }

// The numbers of requests and answers.
var classicTypes = map[kind]int{
	askIDs: 0, askRooms: 1, join: 2, leave: 3, disconnect: 4, askSockets: 5, serverEvent: 6, broadcast: 7,
	clientCount: 8, clientAck: 9, serverAck: 6,
}

const (
	classicBroadcast = 7 // one that wants acks
	classicClientAck = 9
	eventPacket      = 2
	binaryPacket     = 5 // an event with attachments, to some
)

// classicRequest is the JSON of a request, in the order in which official servers write it. The last fields are those of servers
// before version 7.
type classicRequest struct {
	UID     string            `json:"uid,omitempty"`
	Request string            `json:"requestId,omitempty"`
	Type    int               `json:"type"`
	Options *options          `json:"opts,omitempty"`
	Rooms   names             `json:"rooms,omitempty"`
	Close   *bool             `json:"close,omitempty"`
	Data    []json.RawMessage `json:"data,omitempty"`
	Packet  *struct {
		Data []json.RawMessage `json:"data"`
	} `json:"packet,omitempty"`
	SID  string `json:"sid,omitempty"`
	Room string `json:"room,omitempty"`
}

// classicAnswer is the JSON of an answer. UID is ours alone: it tells who has answered.
type classicAnswer struct {
	Type    *int              `json:"type,omitempty"`
	Request string            `json:"requestId"`
	Sockets []json.RawMessage `json:"sockets,omitzero"`
	Rooms   names             `json:"rooms,omitzero"`
	Data    json.RawMessage   `json:"data,omitempty"`
	Clients *int              `json:"clientCount,omitempty"`
	Packet  json.RawMessage   `json:"packet,omitempty"`
	UID     string            `json:"uid,omitempty"`
}

func (c classic) encode(ns string, m *message) (channel string, payload []byte, err error) {
	switch {
	case m.kind == broadcast && m.request == "":
		return c.encodeBroadcast(ns, m)
	case m.kind == broadcast:
		payload, err = c.encodeAsking(ns, m)
		return c.requests(ns), payload, err
	case m.kind == clientAck:
		b := msgp.AppendMapHeader(nil, 3)
		b = msgp.AppendUint64(msgp.AppendString(b, "type"), classicClientAck)
		b = msgp.AppendString(msgp.AppendString(b, "requestId"), m.request)
		b, err = appendJSON(msgp.AppendString(b, "packet"), m.ack)
		return c.responses(ns), b, err
	case m.kind.isAnswer():
		payload, err = json.Marshal(c.answer(m))
		return c.responses(ns), payload, err
	}
	request := classicRequest{UID: c.uid, Request: m.request, Type: classicTypes[m.kind], Rooms: m.rooms}
	switch m.kind {
	case disconnect:
		request.Close = &m.closes
		request.Options = optionsOf(m.to)
	case join, leave, askSockets:
		request.Options = optionsOf(m.to)
	case serverEvent:
		request.Data = withoutAttachments(m.eventArray())
	}
	payload, err = json.Marshal(request)
	return c.requests(ns), payload, err
}

func (c classic) answer(m *message) classicAnswer {
	a := classicAnswer{Request: m.request, UID: c.uid}
	typed := classicTypes[m.kind]
	switch m.kind {
	case someIDs:
		for _, id := range m.rooms {
			quoted, _ := json.Marshal(id)
			a.Sockets = append(a.Sockets, quoted)
		}
		a.Sockets = notNil(a.Sockets)
	case someRooms:
		a.Rooms = names(m.rooms).orNone()
	case someSockets:
		a.Sockets = notNil(socketsJSON(m.sockets))
	case serverAck:
		a.Type, a.Data = &typed, withoutAttachments([]json.RawMessage{m.ack})[0]
	case clientCount:
		a.Type, a.Clients = &typed, &m.clients
	}
	return a
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// encodeBroadcast goes to the channel of the room when there is one room: servers without members there don't decode it.
func (c classic) encodeBroadcast(ns string, m *message) (channel string, payload []byte, err error) {
	b := msgp.AppendArrayHeader(make([]byte, 0, 256), 3)
	b = msgp.AppendString(b, c.uid)
	if b, err = appendPacket(b, ns, m); err != nil {
		return "", nil, err
	}
	b = appendOptions(b, m)
	channel = c.broadcasts(ns)
	if len(m.to.Rooms) == 1 {
		channel += m.to.Rooms[0] + "#"
	}
	return channel, b, nil
}

func (c classic) encodeAsking(ns string, m *message) (b []byte, err error) {
	b = msgp.AppendMapHeader(nil, 5)
	b = msgp.AppendString(msgp.AppendString(b, "uid"), c.uid)
	b = msgp.AppendString(msgp.AppendString(b, "requestId"), m.request)
	b = msgp.AppendUint64(msgp.AppendString(b, "type"), classicBroadcast)
	if b, err = appendPacket(msgp.AppendString(b, "packet"), ns, m); err != nil {
		return nil, err
	}
	return appendOptions(msgp.AppendString(b, "opts"), m), nil
}

func appendPacket(b []byte, ns string, m *message) (_ []byte, err error) {
	fields := uint32(3)
	if ns == "" {
		fields = 2
	}
	b = msgp.AppendMapHeader(b, fields)
	b = msgp.AppendUint64(msgp.AppendString(b, "type"), eventPacket)
	b = msgp.AppendArrayHeader(msgp.AppendString(b, "data"), uint32(len(m.args)+1))
	b = msgp.AppendString(b, m.event)
	for _, arg := range m.args {
		if b, err = appendJSON(b, arg); err != nil {
			return nil, err
		}
	}
	if ns != "" {
		b = msgp.AppendString(msgp.AppendString(b, "nsp"), ns)
	}
	return b, nil
}

func appendOptions(b []byte, m *message) []byte {
	fields := uint32(3)
	if m.order != nil {
		fields = 4
	}
	b = msgp.AppendMapHeader(b, fields)
	b = appendNames(msgp.AppendString(b, "rooms"), m.to.Rooms)
	b = appendNames(msgp.AppendString(b, "except"), m.to.Except)
	b = appendFlags(msgp.AppendString(b, "flags"), m)
	if m.order != nil {
		b = msgp.AppendBytes(msgp.AppendString(b, orderKey), m.order.bytes())
	}
	return b
}

func appendNames(b []byte, list []string) []byte {
	b = msgp.AppendArrayHeader(b, uint32(len(list)))
	for _, name := range list {
		b = msgp.AppendString(b, name)
	}
	return b
}

func appendFlags(b []byte, m *message) []byte {
	n := uint32(0)
	if m.to.Volatile {
		n++
	}
	if m.within > 0 {
		n++
	}
	b = msgp.AppendMapHeader(b, n)
	if m.to.Volatile {
		b = msgp.AppendBool(msgp.AppendString(b, "volatile"), true)
	}
	if m.within > 0 {
		b = msgp.AppendUint64(msgp.AppendString(b, "timeout"), uint64(max(1, m.within.Milliseconds())))
	}
	return b
}

// behind returns what follows the name of a namespace's broadcasts in a channel's, or, with its kind, of requests or answers.
func (c classic) behind(channel, kind, ns string) (rest string, is bool) {
	if rest, is = strings.CutPrefix(channel, c.prefix); !is {
		return "", false
	}
	for _, part := range [...]string{kind, "#", ns, "#"} {
		if rest, is = strings.CutPrefix(rest, part); !is {
			return "", false
		}
	}
	return rest, true
}

func (c classic) isAnswer(ns, channel string) bool {
	_, is := c.behind(channel, answers, ns)
	return is
}

// isOwn knows broadcasts alone.
func (c classic) isOwn(_ string, payload []byte) bool {
	const head = "\x93\xa6"
	return len(payload) > len(head)+len(c.uid) && string(payload[:2]) == head && string(payload[2:2+len(c.uid)]) == c.uid
}

func (c classic) glance(ns, channel string, payload []byte) (room string, o *order) {
	room, is := c.behind(channel, "", ns)
	if !is {
		return "", nil
	}
	room, _ = strings.CutSuffix(room, "#")
	o, _ = orderAtEnd(payload)
	return room, o
}

// Verify at compile time that both have the same methods.
var _, _ wire = classic{}, sharded{}

func socketsJSON(sockets []socketio.SocketInfo) (list []json.RawMessage) {
	for _, s := range sockets {
		s.Data = withoutAttachments([]json.RawMessage{s.Data})[0]
		if b, err := json.Marshal(s); err == nil {
			list = append(list, b)
		}
	}
	return list
}

// withoutAttachments writes bytes as JSON.stringify writes a Buffer: how socketio marks them stays a secret of this process.
func withoutAttachments(list []json.RawMessage) []json.RawMessage {
	for i, v := range list {
		for {
			before, rest, found := bytes.Cut(v, attachmentStart)
			if !found {
				break
			}
			encoded, after, _ := bytes.Cut(rest, attachmentEnd)
			v = append(append(append([]byte(nil), before...), bufferJSON(encoded)...), after...)
			list[i] = v
		}
	}
	return list
}

func bufferJSON(encoded []byte) []byte {
	b, _ := base64.StdEncoding.AppendDecode(nil, encoded)
	numbers := make([]int, len(b))
	for i, one := range b {
		numbers[i] = int(one)
	}
	text, _ := json.Marshal(numbers)
	return append(append([]byte(`{"type":"Buffer","data":`), text...), '}')
}

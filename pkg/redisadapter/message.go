package redisadapter

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/socketgate/socketgate/pkg/rawjson"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// kind is what a message is about. Both wires have numbers of their own for them.
type kind uint8

const (
	unknown kind = iota
	broadcast
	join
	leave
	disconnect
	askSockets
	askIDs // of older official servers
	askRooms
	serverEvent

	// Answers.
	someSockets
	someIDs
	someRooms
	serverAck
	clientCount
	clientAck
	done // an older official server asked for something and only wants to know that it was done
)

func (k kind) isAnswer() bool { return k >= someSockets }

// message is what servers tell each other, whatever the wire. Which fields are used depends on the kind.
type message struct {
	kind    kind
	uid     string // of the server that speaks
	request string // names a question: whoever hears it answers with the same. A broadcast that is one wants acks.
	asker   string // an answer: uid of the server that asked

	to     socketio.Target
	rooms  []string // to join or leave; or the answer to askRooms and askIDs
	closes bool

	event string
	args  []json.RawMessage
	order *order // of a kept event

	within  time.Duration // how long a question waits; zero means that it doesn't say
	sockets []socketio.SocketInfo
	clients int
	ack     json.RawMessage
}

// messageOverhead is about what a message takes in a queue beside what it says.
const messageOverhead = 320

// size is about what a message takes while it waits.
func (m *message) size() int {
	n := messageOverhead + len(m.event) + len(m.ack)
	for _, list := range [][]string{m.rooms, m.to.Rooms, m.to.Except} {
		for _, name := range list {
			n += len(name)
		}
	}
	for _, arg := range m.args {
		n += len(arg)
	}
	for _, s := range m.sockets {
		n += len(s.Handshake) + len(s.Data)
	}
	return n
}

// order is where a kept event stands among all kept ones: its own offset and that of the one before it.
type order struct{ position, previous socketio.Offset }

var errMessage = errors.New("redisadapter: a message that can't be understood")

// names are rooms or socket ids. Official servers may have numbers for rooms.
type names []string

func (n *names) UnmarshalJSON(data []byte) error {
	if rawjson.IsNull(data) {
		return nil
	}
	if data[0] != '[' {
		return errMessage
	}
	for v := range rawjson.Elements(data) {
		name, ok := rawjson.Scalar(v)
		if !ok {
			return errMessage
		}
		*n = append(*n, name)
	}
	return nil
}

// orNone returns the names as JSON has to have them: an empty array rather than null.
func (n names) orNone() names {
	if n == nil {
		return names{}
	}
	return n
}

// options are what official servers call BroadcastOptions.
type options struct {
	Rooms  names           `json:"rooms"`
	Except names           `json:"except"`
	Flags  *flags          `json:"flags,omitempty"`
	Kept   json.RawMessage `json:"kept,omitempty"`
}

type flags struct {
	Volatile json.RawMessage `json:"volatile,omitempty"`
	Timeout  json.RawMessage `json:"timeout,omitempty"` // in milliseconds
}

func optionsOf(to socketio.Target) *options {
	return &options{Rooms: names(to.Rooms).orNone(), Except: names(to.Except).orNone()}
}

// withFlags is optionsOf for what has flags on its wire.
func withFlags(to socketio.Target, within time.Duration) *options {
	o := optionsOf(to)
	o.Flags = &flags{}
	if to.Volatile {
		o.Flags.Volatile = json.RawMessage("true")
	}
	if within > 0 {
		o.Flags.Timeout, _ = json.Marshal(max(1, within.Milliseconds()))
	}
	return o
}

// read puts the options into a message. Nil stands for none.
func (o *options) read(m *message) (err error) {
	if o == nil {
		return nil
	}
	m.to.Rooms, m.to.Except = o.Rooms, o.Except
	if o.Flags != nil {
		m.to.Volatile = string(o.Flags.Volatile) == "true"
		var ms float64
		if json.Unmarshal(o.Flags.Timeout, &ms) == nil && ms > 0 {
			m.within = time.Duration(min(ms, float64(longestWait.Milliseconds()))) * time.Millisecond
		}
	}
	if o.Kept != nil {
		m.order, err = readOrder(o.Kept)
	}
	return err
}

// longestWait bounds how long this server keeps a question of another one.
const longestWait = 10 * time.Minute

// event is the array of an event: its name, and its arguments.
func (m *message) eventArray() []json.RawMessage {
	return append([]json.RawMessage{rawjson.Quote(m.event)}, m.args...)
}

// readEvent is the reverse of eventArray. A name that is a number becomes text.
func (m *message) readEvent(array []json.RawMessage) error {
	if len(array) == 0 {
		return errMessage
	}
	name, ok := rawjson.Scalar(array[0])
	if !ok {
		return errMessage
	}
	m.event, m.args = name, array[1:]
	return nil
}

// readSockets reads the answer to askSockets.
func readSockets(list []json.RawMessage) (sockets []socketio.SocketInfo, err error) {
	for _, one := range list {
		var s struct {
			ID        string          `json:"id"`
			Handshake json.RawMessage `json:"handshake"`
			Rooms     names           `json:"rooms"`
			Data      json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal(one, &s); err != nil {
			return nil, errMessage
		}
		sockets = append(sockets, socketio.SocketInfo{ID: s.ID, Handshake: s.Handshake, Rooms: s.Rooms, Data: s.Data})
	}
	return sockets, nil
}

package contract

import (
	"encoding/json"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// ParseRelay reads what a client wants passed on: an object, a room alone, or nothing (or undefined, which
// JavaScript sends as null), which means the only room it is in. False means that it is none of these.
func ParseRelay(payload json.RawMessage) (Object, bool) {
	if payload == nil || rawjson.IsNull(payload) {
		return Object{}, true
	}
	if _, ok := rawjson.Scalar(payload); ok {
		return Object{{"roomId", payload}}, true
	}
	return ParseObject(payload)
}

// IdentifyRelay puts the verified identity in the place of whatever a relay claims, as Identify does, and also
// where it claims who has read or typed something. It adds who and where, for receivers that are told a bare
// room by their clients. The room is empty where it goes to one person. The socket is the sender's, for receivers that answer it, or
// empty: a claim to be that one is true, and stays.
func (k *Keys) IdentifyRelay(o *Object, p *Person, room, socket string) {
	o.identify(p, k.speakers, socket)
	o.identify(p, actors, socket)
	o.Set("userId", p.IDJSON)
	o.Set("username", p.NameJSON)
	if socket != "" {
		o.Set("socketId", rawjson.Quote(socket))
	}
	if room != "" && !k.NamesRoom(*o) {
		o.Set("roomId", rawjson.Quote(room))
	}
}

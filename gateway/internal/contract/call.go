package contract

import (
	"encoding/json"
	"slices"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Keys in which clients say to whom a call goes, most usual first: a user, or a socket by its id. With userId a client may mean itself.
var (
	calledUserKeys   = slices.Concat(receiverKeys, []string{"targetUserId", "targetUser", "targetId", "target", "userToCall", "calleeId", "callee", "peerId", "userId"})
	calledSocketKeys = slices.Concat([]string{"to", "toSocketId", "targetSocketId", "socketId", "targetSocket", "toSocket", "targetId", "target", "toId",
		"userToCall", "userToSignal", "peerId"})
	calledUsers, calledSockets = ranked(calledUserKeys), ranked(calledSocketKeys)
)

// BadTarget answers a call to nobody.
var BadTarget = Failure{Code: BadRequest, Text: "whom it is for must be an id, a string or a number, in one of to, targetId, userId, socketId, " +
	"or the key that RELAY_EVENTS names (@user:key)"}

func ranked(keys []string) meanings[int] {
	k := make(meanings[int], len(keys))
	for rank, key := range keys {
		if _, known := k[Fold(key)]; !known {
			k[Fold(key)] = rank
		}
	}
	return k
}

// NamesCalled tells whether a key is one of those in which ParseCall looks for a user, or toSocket, without being told.
func NamesCalled(key string, toSocket bool) bool {
	keys := calledUsers
	if toSocket {
		keys = calledSockets
	}
	_, known := keys.of(key)
	return known
}

// ParseCall reads what a client wants passed on to one user, or toSocket: an object that says to whom, in the key of that name if
// there is one, or an id alone, which becomes the object's "to". False means that it says nobody.
func ParseCall(payload json.RawMessage, toSocket bool, key string) (o Object, to string, ok bool) {
	if id, is := rawjson.Scalar(payload); is {
		return Object{{"to", payload}}, id, IsRoom(id)
	}
	if o, ok = ParseObject(payload); !ok {
		return nil, "", false
	}
	keys := calledUsers
	switch {
	case key != "":
		keys = ranked([]string{key})
	case toSocket:
		keys = calledSockets
	}
	best := len(keys)
	for _, f := range o {
		if rank, known := keys.of(f.Key); known && rank < best && names(f.Value) {
			if id, is := idOf(f.Value); is {
				best, to = rank, id
			}
		}
	}
	return o, to, IsRoom(to)
}

// IdentifyCall is IdentifyRelay for what goes to one user or socket: who answers does so to the sender's id in "from", which is the
// socket's where the call was to one. Where the client has an object there, it is the sender as one.
func (k *Keys) IdentifyCall(o *Object, p *Person, toSocket bool, socket string) {
	k.IdentifyRelay(o, p, "", socket)
	if from := o.Get("from"); from != nil && (from[0] == '{' || from[0] == '[') {
		return
	}
	if toSocket {
		o.Set("from", rawjson.Quote(socket))
		return
	}
	o.Set("from", p.IDJSON)
}

// isText tells whether a value is this text, as JSON.
func isText(value json.RawMessage, text string) bool {
	said, ok := rawjson.Unquote(value)
	return ok && said == text
}

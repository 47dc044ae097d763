package contract

import (
	"strings"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// receiverKeys are where apps put the one person whom a message is for, most usual first.
var receiverKeys = []string{"receiverId", "recipientId", "toUserId", "toId", "receiver", "recipient", "toUser", "to"}

// BadReceiver answers a message for one person that names nobody.
var BadReceiver = Failure{Code: BadRequest,
	Text: "the receiver must be a user's id, a string or a number, in one of " + strings.Join(receiverKeys, ", ")}

// personalPrefix begins the names of personal rooms. No client can name one by it, and no column of text holds a NUL.
const personalPrefix = "\x00user\x00"

// PersonalRoom returns the name of the room in which one user's sockets are, and nobody else's.
func PersonalRoom(user string) string { return personalPrefix + user }

// UserOf returns whose room a personal one is. False means that it is none.
func UserOf(room string) (user string, personal bool) { return strings.CutPrefix(room, personalPrefix) }

// IsInternal tells whether a room is none of the app's: the gateway has rooms of its own, whose names begin with NUL.
func IsInternal(room string) bool { return strings.HasPrefix(room, "\x00") }

// IsPersonal tells whether a room is a user's own, which no client may join, leave or name.
func IsPersonal(room string) bool { return strings.HasPrefix(room, personalPrefix) }

// receiversWith are the places of receiverKeys in their order and, behind them, what the app's own table calls the
// receiver. Without such a column nobody is written to, and there are none.
func receiversWith(column string) meanings[int] {
	if column == "" {
		return nil
	}
	k := make(meanings[int])
	for rank, key := range append(receiverKeys[:len(receiverKeys):len(receiverKeys)], column) {
		if _, known := k[Fold(key)]; !known {
			k[Fold(key)] = rank
		}
	}
	return k
}

// NamesReceiver tells whether an object names somebody whom it is for, also in a form that Receiver does not read.
func (k *Keys) NamesReceiver(o Object) bool {
	for _, f := range o {
		if _, known := k.receives.of(f.Key); known && names(f.Value) {
			return true
		}
	}
	return false
}

// Receiver reads whom an object is for: a user's id, or an object that has it. Where several keys say so, the most
// usual counts. False means that it is neither, or as long as no id is.
func (k *Keys) Receiver(o Object) (user string, ok bool) {
	best := len(receiverKeys) + 1
	for _, f := range o {
		if rank, known := k.receives.of(f.Key); known && rank < best && names(f.Value) {
			if id, is := idOf(f.Value); is {
				best, user = rank, id
			}
		}
	}
	return user, IsRoom(user)
}

// SetReceiver makes every key that names another receiver name the one that is meant, as SetRoom does.
func (k *Keys) SetReceiver(o *Object, user string) {
	for i, f := range *o {
		if _, known := k.receives.of(f.Key); !known || !names(f.Value) {
			continue
		}
		if id, ok := idOf(f.Value); !ok || id != user {
			(*o)[i].Value = rawjson.Quote(user)
		}
	}
	if o.Get("receiverId") == nil {
		o.Set("receiverId", rawjson.Quote(user))
	}
}

// Package message is a chat message in the two states it has: said by somebody, and stored.
//
// It holds no technology, so that the chat and the store agree on words without knowing each other.
package message

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// What a store answers when it does not store, or does not read again. A caller tells them apart with errors.Is.
var (
	// ErrUnavailable means that the store can't be reached or is full: the same draft may be stored later.
	ErrUnavailable = errors.New("message store unavailable")
	// ErrRejected means that the database refuses this one draft, and would again: a room that does
	// not exist, a text too long for its column.
	ErrRejected = errors.New("message rejected by the database")
	// ErrTooMuch means that more was missed than is read again. Less may be read for who has missed less.
	ErrTooMuch = errors.New("too many messages were missed")
)

// Misfit is the ErrRejected of a Draft whose Fields do not suit their columns. Its words are for the sender, and have nothing of what was said.
type Misfit struct {
	Key   string // of the sender's message
	Takes string // what it should be
}

func (m *Misfit) Error() string { return fmt.Sprintf("%q takes %s", m.Key, m.Takes) }
func (m *Misfit) Unwrap() error { return ErrRejected }

// Draft is a message as a verified user said it: in plaintext, not stored. It goes to a room, or to the user who is
// its Receiver; the other one is empty.
type Draft struct {
	Room     string
	Receiver string
	User     string
	Username string
	Text     string // empty where Fields stand in its place
	// Fields are what the sender says for further columns of the table (MESSAGE_FIELDS), in their order, as JSON that is no null; nil is
	// nothing. There are none, or as many as the table has.
	Fields []json.RawMessage
	// Fingerprint tells a message that is sent again from others, as far as its id has room for it: 0 is none. See Store.Repeated.
	Fingerprint uint64
	// Own tells that the fingerprint is of an id that the client gave to the message: whatever has it, with the same place and text, is the
	// same message.
	Own bool
	// Elsewhere tells that another gateway may have stored the message already, as when its client has come from there lately, and that
	// whatever has its fingerprint, place and text is the same message.
	Elsewhere bool
	// Behind is the position behind which that is so. 0 is any of the last two minutes.
	Behind uint64
	// Held is how many bytes the caller keeps in memory until it has an answer, beside the draft.
	// They count against the store's bound.
	Held int
}

// Seat is a user's place in a room.
type Seat struct{ Room, User string }

// Stored is the row that a committed message became.
type Stored struct {
	// Position is the message's place in the order of commits: that of a later one is greater. 0 means that the table's ids have
	// no order, so that nothing can be read again from a position on.
	Position uint64
	// Previous is the position before this one in the order of all gateways that are joined into one: who has heard that one has missed
	// nothing. It is 0 where the gateway is alone.
	Previous uint64
	// ID, Room, Receiver and User are JSON as the web app would print the columns: a string, or a number
	// where the column is an integer of less than 64 bits. Of Room and Receiver, one is nil.
	ID, Room, Receiver, User json.RawMessage
	// CreatedAt is UTC in whole milliseconds, and later than that of every earlier message of the room.
	CreatedAt time.Time
	// Again tells that another gateway has stored the message, and told everybody, before it was sent here again.
	Again bool
	// Others are what else the row holds, in the order of the table's columns, as far as it may be read, is no binary and
	// does not give the stored form of a text away. Their values are at most MaxOthers bytes in all, besides those of Draft.Fields.
	Others []Field
}

// Audience is whom a message is told: everybody in its rooms, but for those in the excepted ones. A socket's id is the room of that
// socket alone.
type Audience struct{ Rooms, Except []string }

// Field is one column of a stored row, as JSON that the web app would print.
type Field struct {
	Column string
	Value  json.RawMessage
}

// MaxOthers bounds the bytes of Stored.Others: a default is small, and what is not is no news to a chat.
const MaxOthers = 4096

// Gap is what somebody has missed of a room, of what was sent to a receiver, or of what a sender has sent to receivers: the
// messages after a position.
type Gap struct {
	Room, Receiver, Sender string // two of them are empty
	After                  uint64
}

// Kept is a stored message as it is read again: in plaintext.
type Kept struct {
	Stored
	// Where it went and who sent it, and the text, as the Draft had them. One of InRoom and ToReceiver is empty.
	InRoom, ToReceiver, ByUser string
	Text                       string
	// Said is an event of the web app's own that stands among the messages, in the room InRoom. It is no message: of the rest only
	// Position says something. Nil for messages.
	Said *Said
}

// Said is an event that the web app has its clients told, with one argument.
type Said struct {
	Event   string
	Payload json.RawMessage
}

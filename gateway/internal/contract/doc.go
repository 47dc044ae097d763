// Package contract is the JSON that the web app's clients and the gateway say to each other: which keys of a
// client's object mean the text, the room and the speaker, what a room is told of a message and of its members,
// and how an event is answered.
//
// It is pure: it opens nothing, waits for nothing, logs nothing and knows no socket. Payloads come in as valid
// JSON in UTF-8 and go out as JSON. What it reads may be hostile, so every way in has a bound and a fuzz target.
//
// A message passes through it in this order, which package chat keeps and explains:
//
//	ParseObject ─▶ Keys.Text ─▶ Keys.Room or Receiver ─▶ Keys.LeaveOut ─▶ Keys.Identify ─▶ Keys.ReserveRow ─▶ (store) ─▶ Keys.PutRow ─▶ Object.Encode
//
// It promises that
//
//   - what a client sends beside the keys that mean something comes out as it went in, byte for byte and in order, as far
//     as the app lets it be said, and without what could change a prototype;
//   - no key at the top of an object says another speaker, another room or another text than the verified,
//     the joined and the stored one;
//   - what the stored row holds in the app's other columns stands in the place of what its client says there;
//   - every spelling of a name (roomId, room_id, room-id) means the same.
//
// It owns no goroutine and has no lock. An [Object] belongs to one goroutine at a time; [Keys], [Person] and
// [Members] do not change once they are made and may be shared.
package contract

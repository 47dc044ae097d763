package chat

// keys are fields of the client's objects that mean something, whatever their spelling: roomId is also
// room_id, room-id and RoomID. They are held in lower case without separators.
type keys[T any] map[string]T

// longestKey bounds what of looks at; no key that means something is as long.
const longestKey = 32

// of returns what a key means. Every key of every message is looked up, so it allocates nothing.
func (k keys[T]) of(key string) (meaning T, ok bool) {
	var buffer [longestKey]byte
	plain := buffer[:0]
	for _, c := range []byte(key) {
		if c == '_' || c == '-' {
			continue
		}
		if len(plain) == longestKey {
			return meaning, false
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		plain = append(plain, c)
	}
	meaning, ok = k[string(plain)]
	return meaning, ok
}

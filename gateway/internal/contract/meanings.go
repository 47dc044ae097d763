package contract

// meanings are the keys of a client's object that mean something, in whatever spelling: roomId is also
// room_id, room-id and RoomID. The keys are held as Fold returns them.
type meanings[T any] map[string]T

// longestKey bounds what of looks at; no key that means something is as long.
const longestKey = 32

// of returns what a key means. Every key of every message is looked up, so this folds by itself what Fold would
// fold (for ASCII without spaces, of which all these keys are) and allocates nothing.
func (m meanings[T]) of(key string) (meaning T, ok bool) {
	var buffer [longestKey]byte
	folded := buffer[:0]
	for _, c := range []byte(key) {
		if c == '_' || c == '-' {
			continue
		}
		if len(folded) == longestKey {
			return meaning, false
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		folded = append(folded, c)
	}
	meaning, ok = m[string(folded)]
	return meaning, ok
}

// and adds folded keys that all have one meaning.
func (m meanings[T]) and(meaning T, folded ...string) meanings[T] {
	for _, key := range folded {
		m[key] = meaning
	}
	return m
}

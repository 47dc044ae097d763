package contract

import "slices"

// AllFields and NoFields are names that stand for fields in a list of the client's own fields.
const (
	AllFields = "*"    // every field, but for those of unverified, which must be named
	NoFields  = "none" // no other field
)

// ownFields says which of the client's own fields a room is told.
type ownFields struct {
	all   bool
	named map[string]bool // by Fold
}

// newOwnFields reads a list of names in any of their spellings. An empty one is all.
func newOwnFields(names []string) ownFields {
	f := ownFields{all: len(names) == 0 || slices.Contains(names, AllFields), named: make(map[string]bool)}
	for _, name := range names {
		if name != NoFields {
			f.named[Fold(name)] = true
		}
	}
	return f
}

// LeaveOut takes out of a message, or of a relay, what the app does not let its clients say, and returns the keys of it: the
// fields that are not in its list, and those of a right or a look of the speaker that nobody has verified. What has a
// meaning, a text, a room or a speaker, stays, and so does what StoredByApp reads.
func (k *Keys) LeaveOut(o *Object) (leftOut []string) {
	*o = slices.DeleteFunc(*o, func(f Field) bool {
		out := !k.admits(f)
		if out {
			leftOut = append(leftOut, f.Key)
		}
		return out
	})
	return leftOut
}

func (k *Keys) admits(f Field) bool {
	if k.means(f.Key) {
		return true
	}
	_, claimed := unverified.of(f.Key)
	return k.own.all && !claimed || k.own.named[Fold(f.Key)]
}

// means tells whether a key is more than the client's own.
func (k *Keys) means(key string) bool {
	if usual(key) || slices.Contains(k.texts, key) {
		return true
	}
	_, room := k.rooms.of(key)
	_, speaker := k.speakers.of(key)
	_, actor := actors.of(key)
	_, fills := k.fills.of(key)
	return fills || room || speaker || actor
}

package contract

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestKeysAreKnownInEverySpelling(t *testing.T) {
	t.Parallel()
	k := meanings[int]{"roomid": 7}
	for _, key := range []string{"roomId", "room_id", "room-id", "RoomID", "ROOM_ID", "__room__id"} {
		if got, ok := k.of(key); !ok || got != 7 {
			t.Errorf("%s: %d, %v", key, got, ok)
		}
	}
	for _, key := range []string{"", "_", "room", "roomIds", "room id", "roomıd", strings.Repeat("_", 100) + "x", strings.Repeat("roomid", 10)} {
		if _, ok := k.of(key); ok {
			t.Errorf("%q is taken for roomId", key)
		}
	}
}

func TestNoKeyIsTooLongToBeKnown(t *testing.T) {
	t.Parallel()
	for _, known := range []meanings[claim]{speakers, actors} {
		for key, want := range known {
			if got, ok := known.of(strings.ToUpper(key)); !ok || got != want {
				t.Errorf("%s is not known", key)
			}
		}
	}
}

// foldsAlike tells whether a key is of the kind that meanings know: ASCII without spaces.
func foldsAlike(key string) bool {
	return !strings.ContainsFunc(key, func(c rune) bool { return c == ' ' || c >= utf8.RuneSelf })
}

// FuzzMeaning holds the look-up of keys, which folds by itself, to Fold.
func FuzzMeaning(f *testing.F) {
	for _, seed := range []string{"", "_", "roomId", "room_id", "__ROOM--ID__", "room", "sentByFullName", "roomıd", "room id", strings.Repeat("_", 100) + "uid"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if !foldsAlike(key) {
			return
		}
		want, known := speakers[Fold(key)]
		if got, ok := speakers.of(key); ok != known || got != want {
			t.Fatalf("%q means %d, %v, and %q means %d, %v", key, got, ok, Fold(key), want, known)
		}
	})
}

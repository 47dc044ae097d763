package contract

import (
	"strings"
	"testing"
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

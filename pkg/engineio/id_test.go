package engineio

import (
	"crypto/rand"
	"encoding/base64"
	"testing"
)

func TestAnIDIsRecognisedAndOtherNamesAreNot(t *testing.T) {
	t.Parallel()
	for range 1000 {
		id := NewID()
		if len(id) != 20 || !IsID(id) {
			t.Fatalf("%q is not recognised", id)
		}
		other := []byte(id)
		other[3] ^= 1
		var firestore [15]byte
		rand.Read(firestore[:])
		for _, name := range []string{"", "room", id + "A", id[1:], string(other), base64.RawURLEncoding.EncodeToString(firestore[:])} {
			if IsID(name) {
				t.Errorf("%q is taken for an id", name)
			}
		}
	}
}

package engineio

import (
	"maps"
	"slices"
	"testing"
)

// FuzzConversation holds what a Door answers, to bytes that come at once and to the same in pieces, against what net/http answers to them.
func FuzzConversation(f *testing.F) {
	all := talks()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if len(all[name]) < 3000 {
			f.Add(all[name], 7)
		}
	}
	f.Fuzz(func(t *testing.T, said string, piece int) {
		if len(said) > 4000 || piece < 1 || isForeign([]byte(said)) { // a Door does not wait for the rest of what is no HTTP
			return
		}
		want := talk{said: said}.outcome(t, false)
		for _, piece := range []int{0, piece} {
			if got := (talk{said, piece}).outcome(t, true); !got.isLike(want) {
				t.Fatalf("%q in pieces of %d:\n%s\nwithout the door:\n%s", said, piece, got, want)
			}
		}
	})
}

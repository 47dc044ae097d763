package presence

import (
	"fmt"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/contract"
)

// BenchmarkMembersChange is one person who leaves a room of 10,000 and one who comes, and the list
// that the room is told.
func BenchmarkMembersChange(b *testing.B) {
	const people = 10_000
	here := newRoster("room")
	crowd := make([]*contract.Person, people+1)
	for i := range crowd {
		crowd[i] = someone(fmt.Sprintf("clx%022d", i))
	}
	for _, p := range crowd[:people] {
		here.enter(p)
	}
	b.Run("change", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			here.leave(crowd[i%len(crowd)], false)
			here.enter(crowd[(i+people)%len(crowd)])
		}
	})
	b.Run("list", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			here.list(1000).Shaped(contract.ShapeArray, "room", 0)
		}
	})
}

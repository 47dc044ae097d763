package chat

import (
	"fmt"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// BenchmarkMembersChange is one person who leaves a room of 10,000 and one who comes, and the list
// that the room is told.
func BenchmarkMembersChange(b *testing.B) {
	const people = 10_000
	c := &Chat{options: Options{MembersShape: ShapeArray}}
	here := &roster{people: make(map[string]*presence)}
	crowd := make([]*person, people+1)
	for i := range crowd {
		crowd[i] = someone(fmt.Sprintf("clx%022d", i))
	}
	for _, p := range crowd[:people] {
		here.enter(p)
	}
	b.Run("change", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			here.leave(crowd[i%len(crowd)])
			here.enter(crowd[(i+people)%len(crowd)])
		}
	})
	b.Run("list", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.shaped(here.list(1000), "room")
		}
	})
}

// BenchmarkMessage is what a message costs between the socket and the store, and back to the room.
func BenchmarkMessage(b *testing.B) {
	sender := someone("clx0000000000000000000000")
	data := []byte(`{"roomId":"clx0000000000000000000001","text":"hello there, how are you?","clientId":"1732330000000-17"}`)
	row := message.Stored{ID: quote("clx0000000000000000000002"), Room: quote("clx0000000000000000000001"), User: sender.idJSON, CreatedAt: time.Now()}
	b.ReportAllocs()
	for b.Loop() {
		fields, ok := parseObject(data)
		if !ok {
			b.Fatal("not parsed")
		}
		fields.setText(quote("hello there, how are you?"))
		fields.speak(sender, speakers)
		fields.putRow(row, sender)
		if len(fields.encode()) < len(data) {
			b.Fatal("not encoded")
		}
	}
}

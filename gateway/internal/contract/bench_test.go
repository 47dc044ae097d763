package contract

import (
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// BenchmarkMessage is what a message costs between the socket and the store, and back to the room.
func BenchmarkMessage(b *testing.B) {
	sender := NewPerson("clx0000000000000000000000", rawjson.Quote("clx0000000000000000000000"), "Nclx0000000000000000000000")
	data := []byte(`{"roomId":"clx0000000000000000000001","text":"hello there, how are you?","clientId":"1732330000000-17"}`)
	row := message.Stored{ID: rawjson.Quote("clx0000000000000000000002"), Room: rawjson.Quote("clx0000000000000000000001"), User: sender.IDJSON, CreatedAt: time.Now()}
	keys := NewKeys(Columns{})
	b.ReportAllocs()
	for b.Loop() {
		fields, ok := ParseObject(data)
		if !ok {
			b.Fatal("not parsed")
		}
		fields.setText(rawjson.Quote("hello there, how are you?"))
		keys.Identify(fields, sender)
		keys.PutRow(&fields, row, sender)
		if len(fields.Encode()) < len(data) {
			b.Fatal("not encoded")
		}
	}
}

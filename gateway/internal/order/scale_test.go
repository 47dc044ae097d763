package order

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// emptyTable has nothing but a clock.
type emptyTable struct{}

func (emptyTable) Now(context.Context) (uint64, error) { return 1, nil }

func (emptyTable) After(_ context.Context, after uint64, _ int) ([]message.Kept, uint64, error) {
	return nil, after, nil
}

// BenchmarkHeard is what a message of another gateway costs, in its turn, but for what is told by it.
func BenchmarkHeard(b *testing.B) {
	args := []json.RawMessage{json.RawMessage(`{"text":"hello"}`)}
	rooms := message.Audience{Rooms: []string{"room-1"}}
	for name, event := range map[string]string{"nobody": "", "here": "receive_message"} {
		b.Run(name, func(b *testing.B) {
			s := New(Options{
				Table: emptyTable{}, Local: func(uint64, message.Audience, string, []json.RawMessage) {}, Pass: func(uint64, []string, bool) bool { return true },
			})
			if err := s.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			defer s.Close(b.Context())
			position := uint64(1)
			for b.Loop() {
				if event == "" {
					s.Heard([]Heard{{position + 1, position, rooms, "", nil}})
				} else {
					s.Heard([]Heard{{position + 1, position, rooms, event, args}})
				}
				position++
			}
		})
	}
}

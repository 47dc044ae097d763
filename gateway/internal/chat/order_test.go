package chat

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// turns is an Order whose turns the test decides.
type turns struct {
	chat *Chat

	mu      sync.Mutex
	rows    []message.Stored
	rooms   [][]string
	waiting []func()
	arrived chan struct{}
}

func (o *turns) Tell(row message.Stored, to message.Audience, event string, payload json.RawMessage, told func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rows, o.rooms = append(o.rows, row), append(o.rooms, to.Rooms)
	o.waiting = append(o.waiting, func() {
		o.chat.namespace.Local(socketio.Target{Rooms: to.Rooms, Except: to.Except}).Emit(event, payload)
		told()
	})
	o.arrived <- struct{}{}
}

// tell lets the messages have their turns.
func (o *turns) tell() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, tell := range o.waiting {
		tell()
	}
	o.waiting = nil
}

func TestWithAnOrderRoomAndSenderAreToldWhenTheTurnComes(t *testing.T) {
	t.Parallel()
	order := &turns{arrived: make(chan struct{}, 2)}
	h := serve(t, &memory{}, func(o *Options) { o.Order = order })
	order.chat = h.chat
	v, w := h.visit("u1", time.Hour), h.visit("u2", time.Hour)
	v.ask("join_room", `"A"`)
	w.ask("join_room", `"A"`)
	v.say(`425["send_message",{"text":"first","roomId":"A","clientMessageId":"x"}]`)
	v.say(`426["send_message",{"text":"first","roomId":"A","clientMessageId":"x"}]`) // sent again meanwhile
	<-order.arrived
	v.ask("nobody_handles_this", `1`)
	order.tell()
	for _, member := range []*visitor{v, w} {
		if n := member.count("first", `42["receive_message"`); n != 0 {
			t.Errorf("told %d times before", n)
		}
	}
	for _, want := range []string{"435", "436"} {
		if packet := v.await("43"); !strings.HasPrefix(packet, want) || !strings.Contains(packet, `"ok":true`) {
			t.Errorf("%s, want the ack %s", packet, want)
		}
	}
	if len(order.rows) != 1 || order.rooms[0][0] != "A" {
		t.Errorf("told %v in %v", order.rows, order.rooms)
	}
}

// What is read for all gateways is what its sender's gateway told, as far as the row knows.
func TestEventOfARowIsWhatItsRoomWasTold(t *testing.T) {
	t.Parallel()
	log := NewLog(&past{}, Options{MessageEvent: "receive_message", Columns: contract.Columns{Receiver: "to"}})
	to, event, payload := log.Event(t.Context(), row(5, "r", "ann", "hi"))
	if len(to.Rooms) != 1 || to.Rooms[0] != "r" || to.Except != nil || event != "receive_message" || !strings.Contains(string(payload), `"text":"hi"`) {
		t.Errorf("%s in %s: %s", event, to, payload)
	}
	direct := row(6, "", "ann", "hi")
	direct.ToReceiver = "bob"
	if to, _, _ = log.Event(t.Context(), direct); strings.Join(to.Rooms, " ") != contract.PersonalRoom("bob")+" "+contract.PersonalRoom("ann") {
		t.Errorf("told in %q", to)
	}
}

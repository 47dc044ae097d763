package socketio

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// poison are payloads of an event with one attachment that some official client closes over, or puts the attachment
// where its sender did not.
var poison = payloads("poison")

// placeholding are payloads of an event with one attachment that say something all of them understand.
var placeholding = payloads("placeholding")

// payloads are the lines of a file that the end-to-end tests read too.
func payloads(name string) []string {
	text, err := os.ReadFile("testdata/" + name + ".txt")
	if err != nil {
		panic(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// claims counts the objects that receivers take for attachments, by encoding/json: where `_placeholder` is true for
// JavaScript. Of a repeated key the last value counts, as for them.
func claims(t *testing.T, payload []byte) (n int) {
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	var root any
	if err := decoder.Decode(&root); err != nil {
		t.Fatal(err)
	}
	var count func(v any)
	count = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, element := range v {
				count(element)
			}
		case map[string]any:
			switch flag := v["_placeholder"].(type) {
			case nil:
			case bool:
				n += map[bool]int{true: 1}[flag]
			case string:
				n += min(1, len(flag))
			case json.Number:
				number, _ := flag.Float64()
				n += map[bool]int{true: 1}[number != 0]
			default:
				n++
			}
			for _, member := range v {
				count(member)
			}
		}
	}
	count(root)
	return n
}

func TestWhatReceiversWouldTakeForAnotherAttachmentIsRefused(t *testing.T) {
	t.Parallel()
	for _, payload := range poison {
		if _, err := placeholders([]byte(payload), 1); !errors.Is(err, errIllegalAttachments) {
			t.Errorf("%s: %v", payload, err)
		}
	}
	for _, payload := range placeholding {
		places, err := placeholders([]byte(payload), 1)
		if err != nil || len(places) != claims(t, []byte(payload)) {
			t.Errorf("%s: %v, %v", payload, places, err)
		}
	}
}

// Sender and receivers are told before an attachment has come, for an event and an ack alike.
func TestPoisonClosesItsSenderOnly(t *testing.T) {
	t.Parallel()
	m := serve(t, Options{}, func(s *Server) {
		s.Of("/").OnConnect(func(s *Socket) { s.Join("room") })
		s.Of("/").OnOther(func(s *Socket, e *Event) {
			for range e.Args {
				t.Errorf("%s with %q reached a handler", e.Name, e.Args)
			}
			s.namespace.To("room").Emit("heard")
		})
	})
	bystander := m.connect("/")
	for _, payload := range poison {
		for _, head := range []string{"51-", "51-7", "61-7"} {
			c := m.connect("/")
			c.say(head + payload)
			c.expectClosed()
			m.expectEnd(engineio.ParseError)
		}
	}
	deep := strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)
	for _, packet := range []string{"2[\"a\"," + deep + "]", "27[\"a\"," + deep + "]", "37[" + deep + "]", "0/n,{\"a\":" + deep + "}", "51-[\"a\"," + deep + "]"} {
		c := m.connect("/")
		c.say(packet)
		c.expectClosed()
		m.expectEnd(engineio.ParseError)
	}
	c := m.connect("/")
	c.say(`2["a"]`)
	bystander.expect(`2["heard"]`)
}

func TestPlaceholdersInAPlainEventAreData(t *testing.T) {
	t.Parallel()
	for _, payload := range poison {
		var args []json.RawMessage
		if _, args, _ = decodeEvent([]byte(payload)); len(args) == 0 {
			t.Fatalf("%s has no arguments", payload)
		}
		values := make([]any, len(args))
		for i, arg := range args {
			values[i] = arg
		}
		packets, err := encodeEvent("/", "a", nil, values)
		if err != nil || len(packets) != 1 {
			t.Fatalf("%s: %d packets, %v", payload, len(packets), err)
		}
		if _, data := packets[0].Payload(); !bytes.HasPrefix(data, []byte(`42["a",`)) {
			t.Errorf("%s went out as %s", payload, data)
		}
		// Beside bytes of the application's own they would no longer be.
		if _, err := encodeEvent("/", "a", nil, append(values, Binary("bytes"))); !errors.Is(err, ErrPlaceholder) {
			t.Errorf("%s beside bytes: %v", payload, err)
		}
		if _, err := encodeAck("/", 7, append(values, Binary("bytes"))); !errors.Is(err, ErrPlaceholder) {
			t.Errorf("%s beside bytes in an ack: %v", payload, err)
		}
	}
}

// A megabyte of what might be placeholders takes as long as a megabyte of anything else.
func BenchmarkPlaceholders(b *testing.B) {
	for name, part := range map[string]string{
		"false":  `{"_placeholder":0},`,
		"same":   `"_placeholder":0,`,
		"spaces": `"_placeholder"      :      0,`,
		"keys":   `"_\u0070laceholde":0,`,
	} {
		b.Run(name, func(b *testing.B) {
			payload := strings.Repeat(part, 1_000_000/len(part))
			if name == "false" {
				payload = "[" + payload + "0]"
			} else {
				payload = "[{" + payload + `"end":0}]`
			}
			b.SetBytes(int64(len(payload)))
			for b.Loop() {
				if _, err := placeholders([]byte(payload), 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

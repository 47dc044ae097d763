package cluster

import (
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"
)

func everyRoom([]byte) bool { return true }

func TestSectionsComeBackAsTheyWentAndOthersAreSkipped(t *testing.T) {
	t.Parallel()
	sections := []section{
		{room: "r", digest: 7, fields: []field{{user: "a", value: `["a","A"]`}, {user: "b", gone: true}}},
		{room: strings.Repeat("x", 300), digest: 1 << 63},
	}
	b := appendSections(nil, sections)
	got, err := readSections(b, everyRoom)
	if err != nil || !reflect.DeepEqual(got, sections) {
		t.Errorf("%v, %v", got, err)
	}
	got, err = readSections(b, func(room []byte) bool { return len(room) > 1 })
	if err != nil || !reflect.DeepEqual(got, sections[1:]) {
		t.Errorf("%v, %v", got, err)
	}
	for n := range len(b) {
		if got, err := readSections(b[:n], everyRoom); err == nil && len(got) == len(sections) {
			t.Errorf("cut at %d it is still whole", n)
		}
	}
}

func FuzzReadSections(f *testing.F) {
	f.Add(appendSections(nil, []section{{room: "r", fields: []field{{user: "a", value: "v"}}}}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		sections, err := readSections(b, everyRoom)
		if err != nil {
			return
		}
		again, err := readSections(appendSections(nil, sections), everyRoom)
		if err != nil || !reflect.DeepEqual(again, sections) {
			t.Errorf("%v, %v, want %v", again, err, sections)
		}
	})
}

// Whoever can write to Redis can say anything.
func FuzzHear(f *testing.F) {
	epoch := strings.Repeat("e", epochLen)
	f.Add([]byte("w" + epoch + " 0 1 " + string(appendSections(nil, []section{{room: "r", fields: []field{{user: "a", value: "v"}}}}))))
	f.Add([]byte("o" + epoch))
	f.Add([]byte("a" + epoch + "\x01r"))
	f.Add([]byte(`d{"user":"a","node":"n"}`))
	f.Add([]byte("p12345678"))
	f.Fuzz(func(t *testing.T, message []byte) {
		n := &Node{view: newView(lease, time.Now()), options: Options{Logger: slog.New(slog.DiscardHandler)},
			write: make(chan struct{}, 1), read: make(chan struct{}, 1), told: make(chan struct{}, 1), acts: make(chan []byte, 1)}
		n.view.open("r")
		n.view.unread(1)
		n.view.loaded("r", nil, nil, time.Now())
		n.hear(message)
		for _, c := range n.view.takeChanges() {
			decodePerson(c)
		}
	})
}

func TestPeopleComeBackWithTheIdThatTheirTokenHad(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`["5","Ann"]`: `"5" "Ann"`, `[5,"Ann"]`: `5 "Ann"`,
		`[6,"Ann"]`: `"5" "5"`, `[5]`: `"5" "5"`, `[5,7]`: `"5" "5"`, "\x00": `"5" "5"`, `{"a":1}`: `"5" "5"`,
	} {
		p := decodePerson(change{user: "5", value: value})
		if got := string(p.IDJSON) + " " + string(p.NameJSON); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
		if again := decodePerson(change{user: "5", before: encodePerson(p)}); again.Name != p.Name || string(again.IDJSON) != string(p.IDJSON) {
			t.Errorf("%s: %+v", value, again)
		}
	}
}

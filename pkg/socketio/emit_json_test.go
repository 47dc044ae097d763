package socketio

import (
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
)

// What another server has said is told as this one would have said it, kept or not.
func TestJSONIsEmittedAsTheSameValuesAre(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		a := m.arrive("/", nil)
		a.enters("r")
		marked, _ := Binary("b").MarshalJSON()
		for _, args := range [][]json.RawMessage{
			nil, {[]byte(`"text"`)}, {[]byte(`1`), []byte(` "text" `)}, {[]byte(`{"a":[1,"<é>"]}`)}, {nil}, {marked, []byte(`2`)},
		} {
			for _, kept := range []bool{false, true} {
				to := Target{Rooms: []string{"r"}}
				hear := func(emit func(Broadcast) error) (frames []string) {
					if kept {
						to.Offset = ns.recovery.reached() + 1
					}
					if err := emit(ns.Local(to)); err != nil {
						t.Error(err)
					}
					ns.Local(Target{Rooms: []string{"r"}}).Emit("end", 0)
					for {
						got, err := a.frame()
						if err != nil || got == `42["end",0]` || got == `2["end",0]` {
							return frames
						}
						frames = append(frames, got)
					}
				}
				want := hear(func(b Broadcast) error { return b.Emit("said", valuesOf(args)...) })
				got := hear(func(b Broadcast) error { return b.EmitJSON("said", args) })
				if len(got) != len(want) || len(got) == 0 {
					t.Fatalf("kept %t: %q, want %q", kept, got, want)
				}
				for i := range got {
					if kept && i == 0 { // each has an offset of its own
						got[i], want[i] = withoutOffset(got[i]), withoutOffset(want[i])
					}
					if got[i] != want[i] {
						t.Errorf("kept %t: %q, want %q", kept, got[i], want[i])
					}
				}
			}
		}
		if err := ns.Local(Target{}).EmitJSON("disconnect", nil); !errors.Is(err, ErrReserved) {
			t.Errorf("a reserved name: %v", err)
		}
	})
}

func withoutOffset(frame string) string {
	for i := len(frame) - 1; i >= 0; i-- {
		if frame[i] == ',' {
			return frame[:i]
		}
	}
	return frame
}

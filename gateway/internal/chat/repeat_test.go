package chat

import (
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// serveAfter is a chat that was started anew: its table has rows that it has not seen.
func serveAfter(t *testing.T, store Store, p *past) *host {
	return serve(t, store, func(o *Options) {
		o.Recovers, o.ResendKey = true, []byte("key")
		o.Log = NewLog(p, *o)
	})
}

func TestAClientsIDIsKnownAfterARestart(t *testing.T) {
	t.Parallel()
	store, p := &memory{}, &past{rows: []message.Kept{row(7, "r", "ann", "hi")}}
	v := serveAfter(t, store, p).visit("ann", time.Hour)
	v.ask("join_room", `"r"`)
	for range 2 { // the second is known to the process itself
		ack := v.ask("send_message", `{"roomId":"r","text":"hi","tempId":"t1"}`)
		told, _ := ack["message"].(map[string]any)
		if ack["ok"] != true || told["id"] != "hi-id" || told["tempId"] != "t1" {
			t.Errorf("got %v", ack)
		}
	}
	if got := store.texts(); got != nil {
		t.Errorf("stored %q", got)
	}
	if v.ask("send_message", `{"roomId":"r","text":"you","tempId":"t2"}`)["ok"] != true || len(store.texts()) != 1 {
		t.Error("what is new is not stored")
	}
	if p.after[0] != 0 {
		t.Errorf("asked for what comes after %d", p.after[0])
	}
}

func TestEqualTextsWithoutAnIDAreNoResends(t *testing.T) {
	t.Parallel()
	store, p := &memory{}, &past{rows: []message.Kept{row(7, "r", "ann", "ok")}}
	v := serveAfter(t, store, p).visit("ann", time.Hour)
	v.ask("join_room", `"r"`)
	for _, payload := range []string{`{"roomId":"r","text":"ok"}`, `{"roomId":"r","text":"ok"}`, `{"roomId":"r","text":"ok","clientId":"phone"}`} {
		if ack := v.ask("send_message", payload); ack["ok"] != true {
			t.Errorf("got %v", ack)
		}
	}
	if got := store.texts(); len(got) != 3 || p.after != nil {
		t.Errorf("stored %q; asked %v", got, p.after)
	}
}

func TestWhatMayBeAResendIsNotStoredWhileNobodyKnows(t *testing.T) {
	t.Parallel()
	store, p := &memory{}, &past{fail: message.ErrUnavailable}
	v := serveAfter(t, store, p).visit("ann", time.Hour)
	v.ask("join_room", `"r"`)
	const payload = `{"roomId":"r","text":"hi","tempId":"t1"}`
	if ack := v.ask("send_message", payload); ack["code"] != "unavailable" || store.texts() != nil {
		t.Errorf("got %v", ack)
	}
	p.mu.Lock()
	p.fail = nil
	p.mu.Unlock()
	if ack := v.ask("send_message", payload); ack["ok"] != true || len(store.texts()) != 1 {
		t.Errorf("got %v", ack)
	}
}

func TestFingerprintsTellApartWhatIsNotTheSame(t *testing.T) {
	t.Parallel()
	store := &memory{}
	h := serveAfter(t, store, &past{})
	ann, laptop, bob := h.visit("ann", time.Hour), h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	for _, v := range []*visitor{ann, laptop, bob} {
		v.ask("join_room", `"r"`)
	}
	sends := []struct {
		by      *visitor
		payload string
		same    int // as an earlier one
	}{
		{ann, `{"roomId":"r","text":"ok"}`, 0},
		{ann, `{"roomId":"r","text":"ok"}`, 0}, // one row absorbs one
		{laptop, `{"roomId":"r","text":"ok"}`, 2},
		{bob, `{"roomId":"r","text":"ok"}`, 3},
		{ann, `{"roomId":"r","text":"ok","n":1}`, 4},
		{ann, `{"roomId":"r","text":"ok","tempId":"1"}`, 5},
		{ann, `{"roomId":"r","text":"ok","tempId":"2"}`, 6},
		{bob, `{"roomId":"r","text":"ok","tempId":"1"}`, 7},
	}
	for _, s := range sends {
		s.by.ask("send_message", s.payload)
	}
	for i, s := range sends {
		for j := range sends {
			if same := store.saved[i].Fingerprint == store.saved[j].Fingerprint; same != (s.same == sends[j].same) {
				t.Errorf("%d and %d: the same is %v", i, j, same)
			}
		}
		if store.saved[i].Fingerprint == 0 {
			t.Errorf("%d has none", i)
		}
	}
	ann.say(`42["send_message",{"roomId":"r","text":"no ack"}]`)
	ann.await(`42["receive_message",{"roomId":"r","text":"no ack"`)
	if store.saved[len(sends)].Fingerprint != 0 {
		t.Error("what nobody sends again has a fingerprint")
	}
}

func TestARowIsTakenForAResendOnce(t *testing.T) {
	t.Parallel()
	var a absorbed
	if !a.take(1) || a.take(1) || !a.take(2) {
		t.Error("a row was taken twice, or another not at all")
	}
	a.since = time.Now().Add(-resendWindow - time.Second)
	if a.take(1) {
		t.Error("a row is forgotten too early")
	}
	a.since = time.Now().Add(-resendWindow - time.Second)
	if !a.take(3) || a.earlier[2] {
		t.Error("rows are never forgotten")
	}
}

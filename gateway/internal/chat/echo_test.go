package chat

import (
	"strings"
	"testing"
	"time"
)

func noEcho(o *Options) { o.NoEcho = true }

func TestWithoutEchoASenderHearsOfItsMessageByTheAckAlone(t *testing.T) {
	t.Parallel()
	order := &turns{arrived: make(chan struct{}, 10)}
	for name, change := range map[string]func(*Options){
		"alone":      noEcho,
		"recovers":   func(o *Options) { noEcho(o); recovering(o) },
		"in a crowd": func(o *Options) { noEcho(o); o.Order = order },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := serve(t, &memory{}, change)
			if h.chat.options.Order != nil {
				order.chat = h.chat
			}
			ann, tab, bob := h.visit("ann", time.Hour), h.visit("ann", time.Hour), h.visit("bob", time.Hour)
			for _, v := range []*visitor{ann, tab, bob} {
				v.ask("join_room", `"r"`)
			}
			ann.say(`427["send_message",{"roomId":"r","text":"hi"}]`)
			if h.chat.options.Order != nil {
				<-order.arrived
				order.tell()
			}
			for _, v := range []*visitor{tab, bob} {
				v.await(`42["receive_message",{"roomId":"r","text":"hi"`)
			}
			var before int
			for packet := ""; !strings.HasPrefix(packet, "437"); {
				var err error
				if packet, err = ann.Next(); err != nil {
					t.Fatal(err)
				}
				if strings.Contains(packet, "receive_message") {
					before++
				}
			}
			ann.say(`428["leave_room","nowhere"]`)
			if n := before + ann.count("receive_message", "438"); n != 0 {
				t.Errorf("heard it %d times", n)
			}
		})
	}
}

func TestWithoutEchoWhoComesBackDoesNotHearItselfEither(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { noEcho(o); recovering(o) })
	ann, bob := h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	ann.ask("join_room", `"r"`)
	bob.ask("join_room", `"r"`)
	ann.ask("send_message", `{"roomId":"r","text":"my own"}`)
	bob.ask("send_message", `{"roomId":"r","text":"another's"}`)
	ann.Close()
	again := h.returns(ann, "ann", "")
	if n := again.count("my own", `42["receive_message",{"roomId":"r","text":"another's"`); n != 0 {
		t.Error("what it had sent came back")
	}
	if again.session != ann.session {
		t.Error("the session is not the same")
	}
}

func TestWhatIsReadAgainWithoutEchoIsNotForItsUser(t *testing.T) {
	t.Parallel()
	log := NewLog(&past{}, Options{MessageEvent: "receive_message", NoEcho: true})
	if to, _, _ := log.Event(t.Context(), row(5, "r", "ann", "hi")); to.Except != nil {
		t.Errorf("who is there would miss what their other devices say: %v", to)
	}
}

package attach

import (
	"fmt"
	"testing"
)

// beginAnew is the hello of an app that does not keep its clients.
func beginAnew(h *appHello) { h.Options.Anew = true }

func TestClientsOfAnAppThatKeepsNobodyAreSentAwayWithItsProcess(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"it says goodbye", "it is killed"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Options{})
			first := w.ready("first", beginAnew, func(h *appHello) { h.Options.Recovery = 60_000 })
			first.expect(opPresented)
			browsers, _ := serveSome(w, first, 3)
			if how == "it is killed" {
				first.Close()
			} else {
				first.say(opBye)
			}
			for _, b := range browsers {
				b.isClosed()
			}
			first.Close()
			eventually(t, "forgetting", func() bool { return w.hub.Stats() == Stats{} && w.hub.Rooms() == 0 })
			second := w.ready("second", beginAnew)
			second.expect(opPresented)
			again := w.browse()
			if o := second.opened(); len(o.Sockets) != 0 {
				t.Errorf("presented %+v", o)
			}
			again.say("40")
		})
	}
}

func TestWhoIsJustConnectingToAnAppThatKeepsNobodyWaitsForTheNextProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	first := w.ready("first", beginAnew)
	first.expect(opPresented)
	b := w.browse()
	c := first.opened().Client
	b.say(`40{"token":"x"}`)
	first.packet(c, `0{"token":"x"}`)
	first.say(opBye)
	first.expect(opHeld)
	first.Close()
	second := w.ready("second", beginAnew)
	if o := second.opened(); o.Client != c {
		t.Errorf("opened %+v", o)
	}
	second.packet(c, `0{"token":"x"}`)
	second.expect(opPresented)
}

func TestWhoKeepsItsClientsKeepsThemBesideAProcessThatDoesNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	keeps := w.ready("keeps")
	keeps.expect(opPresented)
	browsers, clients := serveSome(w, keeps, 1)
	other := w.ready("does not", beginAnew)
	other.expect(opPresented)
	gone := w.browse()
	other.serve(gone, "sid9")
	other.say(opBye)
	gone.isClosed()
	browsers[0].say(fmt.Sprintf(`42["n",%d]`, 1))
	keeps.packet(clients[0], `2["n",1]`)
}

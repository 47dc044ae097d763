package attach

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAClientsPacketsReachTheAppAndTheAppsReachTheClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	b := w.browse()
	o := p.opened()
	if o.Transport != "websocket" || o.SID == "" || len(o.Sockets) != 0 || o.Issued == 0 {
		t.Errorf("opened %+v", o)
	}
	b.say(`42["hi",1]`, `451-["b",{"_placeholder":true,"num":0}]`)
	b.SayBinary([]byte("\x01\x02"))
	b.SayBinary([]byte("of another parser"))
	p.packet(o.Client, `2["hi",1]`)
	p.packet(o.Client, `51-["b",{"_placeholder":true,"num":0}]`, "\x01\x02")
	p.packet(o.Client, "of another parser")
	p.send(o.Client, 0, `51-["c",{"_placeholder":true,"num":0}]`, "\x03")
	b.hears(`451-["c",{"_placeholder":true,"num":0}]`, "\x03")
	p.of(opClose, o.Client)
	b.isClosed()
}

// serveSome attaches browsers that are in the room "all", and in one of their own.
func serveSome(w *world, p *process, n int) (browsers []*browser, clients []uint64) {
	for i := range n {
		b := w.browse()
		browsers = append(browsers, b)
		clients = append(clients, p.serve(b, fmt.Sprintf("sid%d", i), "all", fmt.Sprintf("r%d", i)))
	}
	return browsers, clients
}

func TestADeployKeepsClientsAndWhatTheySayInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	first := w.ready("first")
	first.expect(opPresented)
	browsers, clients := serveSome(w, first, 3)
	first.say(opData, appendText(appendText(binary.AppendUvarint(nil, clients[0]), "/"), "data of 0")...)
	said := 0
	talk := func() {
		for range 10 {
			for _, b := range browsers {
				b.say(fmt.Sprintf(`42["n",%d]`, said))
			}
			said++
		}
	}
	talk()
	first.say(opBye)
	talk()
	handled := map[uint64]int{} // what each client was heard to have said last, and one more
	next := func(d *decoder) {
		t.Helper()
		client := d.uvarint()
		d.uvarint()
		d.byte()
		if got, want := d.string(), fmt.Sprintf(`2["n",%d]`, handled[client]); got != want {
			t.Fatalf("client %d said %q, want %q", client, got, want)
		}
		handled[client]++
	}
	for held := false; !held; {
		switch o, body, err := first.hear(); {
		case err != nil:
			t.Fatal(err)
		case o == opHeld:
			held = true
		case o == opPacket:
			next(&decoder{rest: body})
		}
	}
	first.send(clients[1], 0, `2["answer of the old one"]`)
	first.join(opLeave, clients[2], "/", "no such room")
	browsers[1].hears(`42["answer of the old one"]`)
	second := w.ready("second")
	first.Close()
	if o := second.opened(); string(o.Sockets[0].Data) != "data of 0" {
		t.Errorf("data is %q", o.Sockets[0].Data)
	}
	talk()
	for open := 1; open < 3 || handled[clients[0]]+handled[clients[1]]+handled[clients[2]] < 3*said; {
		switch o, body, err := second.hear(); {
		case err != nil:
			t.Fatal(err)
		case o == opOpen, o == opEnter:
			open++
		case o == opPacket:
			next(&decoder{rest: body})
		}
	}
	for _, c := range clients {
		second.of(opTaken, c)
	}
	second.expect(opPresented)
	second.cast("/", 0, []string{"all"}, nil, `2["to all"]`)
	for _, b := range browsers {
		b.hears(`42["to all"]`)
	}
	if w.counted.of(string(AppLeft)) != 1 {
		t.Errorf("counted %v", w.counted.counts)
	}
}

func TestAnAppThatIsKilledComesBackToItsClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	first := w.ready("first")
	first.expect(opPresented)
	browsers, clients := serveSome(w, first, 3)
	first.Close()
	eventually(t, "the loss of the link", func() bool { return w.hub.Stats().Waiting == 3 })
	for i, b := range browsers {
		b.say(fmt.Sprintf(`42["held",%d]`, i), `42["again"]`)
	}
	eventually(t, "holding", func() bool { return w.hub.Stats().Held > 0 })
	second := w.ready("second")
	for i, c := range clients {
		second.returnedOne(i, c)
		second.packet(c, fmt.Sprintf(`2["held",%d]`, i))
		second.packet(c, `2["again"]`)
	}
	for _, c := range clients {
		second.of(opTaken, c)
	}
	second.expect(opPresented)
	browsers[0].say(`42["live"]`)
	second.packet(clients[0], `2["live"]`)
	if held := w.hub.Stats().Held; held != 0 {
		t.Errorf("%d bytes are still held", held)
	}
}

func (p *process) returnedOne(i int, client uint64) {
	p.t.Helper()
	sid := fmt.Sprintf("sid%d", i)
	o := p.opened()
	if o.Client != client || len(o.Sockets) != 1 || o.Sockets[0].SID != sid || o.Sockets[0].PID != "p"+sid ||
		string(o.Sockets[0].Auth) != fmt.Sprintf(`{"token":%q}`, sid) || !slices.Equal(o.Sockets[0].Rooms, []string{sid, "all", fmt.Sprintf("r%d", i)}) {
		p.t.Fatalf("client %d was presented as %+v", client, o)
	}
}

func TestWhoLeftMeanwhileIsPresentedWithTheReasonAndWhatItSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	first := w.ready("first")
	first.expect(opPresented)
	browsers, clients := serveSome(w, first, 1)
	first.Close()
	eventually(t, "the loss of the link", func() bool { return w.hub.Stats().Waiting == 1 })
	browsers[0].say(`42["last words"]`)
	eventually(t, "holding", func() bool { return w.hub.Stats().Held > 0 })
	browsers[0].Leave()
	eventually(t, "the end of the session", func() bool { return w.engine.Sessions() == 0 })
	second := w.ready("second")
	if o := second.opened(); o.Ended != "transport close" || len(o.Sockets) != 1 {
		t.Errorf("presented %+v", o)
	}
	second.packet(clients[0], `2["last words"]`)
	second.of(opTaken, clients[0])
	second.expect(opPresented)
	eventually(t, "forgetting", func() bool { return w.hub.Rooms() == 0 && w.hub.Stats().Waiting == 0 })
}

func TestNobodyIsHeldForLongerThanHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{Hold: 50 * time.Millisecond})
	fresh := w.browse()
	fresh.say("40")
	fresh.isClosed()
	p := w.ready("one")
	p.expect(opPresented)
	browsers, _ := serveSome(w, p, 1)
	p.Close()
	browsers[0].isClosed()
	if got := w.counted.of(string(BoundTime)); got != 2 {
		t.Errorf("%d were counted", got)
	}
	eventually(t, "forgetting", func() bool { return w.hub.Stats() == Stats{} && w.hub.Rooms() == 0 })
}

func TestAConnectThatADeadProcessHadTakenIsGivenToTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	first := w.ready("first")
	first.expect(opPresented)
	b := w.browse()
	c := first.opened().Client
	b.say(`40{"token":"x"}`)
	first.packet(c, `0{"token":"x"}`)
	first.Close()
	eventually(t, "the loss of the link", func() bool { return w.hub.Stats().Waiting == 1 })
	second := w.ready("second")
	if o := second.opened(); o.Client != c || len(o.Sockets) != 0 {
		t.Errorf("opened %+v", o)
	}
	second.packet(c, `0{"token":"x"}`)
	second.expect(opPresented)
}

// What the kernel has not taken, the process can't have had: it is not lost with it.
func TestWhatAStuckProcessWasNotWrittenGoesToTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{QueueBytes: 1 << 20, ClientBytes: 8 << 20})
	first := w.ready("stuck")
	first.expect(opPresented)
	browsers, clients := serveSome(w, first, 1)
	filler := strings.Repeat("x", 400_000)
	const n = 6 // of which the last wait at the client
	for i := range n {
		browsers[0].say(fmt.Sprintf(`42["n",%d,%q]`, i, filler))
	}
	eventually(t, "holding", func() bool { return w.hub.Stats().Held > 0 })
	first.Close()
	eventually(t, "the loss of the link", func() bool { return w.hub.Stats().Waiting == 1 })
	second := w.ready("second")
	second.returnedOne(0, clients[0])
	next := -1
	for next < n {
		o, body, err := second.hear()
		if err != nil || o != opPacket {
			t.Fatalf("heard op %#x, %v; the links ended as %v", byte(o), err, w.counted.counts)
		}
		d := decoder{rest: body}
		d.uvarint()
		d.uvarint()
		d.byte()
		var got int
		if _, err := fmt.Sscanf(d.string(), `2["n",%d,`, &got); err != nil || next >= 0 && got != next || next < 0 && got > 1 {
			t.Fatalf("heard %d, %v; want %d", got, err, next)
		}
		next = got + 1
	}
}

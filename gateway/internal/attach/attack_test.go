package attach

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// refusedAs expects a connection to be refused.
func (p *process) refusedAs(want Refusal) {
	p.t.Helper()
	var said refused
	p.expect(opRefused).json(&said)
	if said.Code != want || said.Message == "" {
		p.t.Errorf("refused as %+v, want %s", said, want)
	}
	p.ended()
}

func TestNobodyIsLetInWithoutTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for name, change := range map[string]func(*appHello){
		"a wrong key":       func(h *appHello) { h.Proof = proof("another", "app", h.Nonce, h.Nonce) },
		"no proof":          func(h *appHello) { h.Proof = "" },
		"the other's nonce": func(h *appHello) { h.Nonce = strings.Repeat("cd", nonceBytes) },
	} {
		p := &process{Conn: w.dial(), t: t, name: name}
		p.greet(change)
		p.refusedAs(BadKey)
	}
	if n := w.counted.of(string(BadKey)); n != 3 {
		t.Errorf("%d were counted", n)
	}
}

// Who listens between an app and a gateway, and dials this one, has what the app has shown: it is good for no other connection.
func TestAProofThatWasOverheardLetsNobodyIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	var overheard appHello
	w.attach("one", func(h *appHello) { overheard = *h })
	p := &process{Conn: w.dial(), t: t, name: "who listened"}
	p.greet(func(h *appHello) { *h = overheard })
	p.refusedAs(BadKey)
}

func TestTheKeyIsRotatedWithoutAnEnd(t *testing.T) {
	t.Parallel()
	keys := []string{"new", "old"}
	nonce := newNonce()
	for _, key := range keys {
		h := appHello{Nonce: newNonce()}
		h.Proof = proof(key, "app", nonce, h.Nonce)
		if got := keyOf(keys, h, nonce); got != key {
			t.Errorf("the key %s is taken for %q", key, got)
		}
	}
}

func TestHellosThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for name, said := range map[string][]byte{
		"another op":      frame(opSend, 1, 2, 3),
		"no JSON":         frame(opHello, []byte("hello")...),
		"an HTTP request": []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"a long one":      append(binary.BigEndian.AppendUint32(nil, maxHello+1), 0),
		"an empty frame":  {0, 0, 0, 0, 0},
	} {
		p := &process{Conn: w.dial(), t: t, name: name}
		p.expect(opHello)
		p.write(said)
		p.refusedAs(BadHello)
	}
	p := &process{Conn: w.dial(), t: t, name: "of the future"}
	p.greet(func(h *appHello) { h.Version = 2 })
	p.refusedAs(BadVersion)
}

func TestWhoSaysNothingHoldsNoPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for range maxHellos {
		w.dial()
	}
	eventually(t, "their coming", func() bool { return w.hub.greeting.Load() == maxHellos })
	if _, err := w.dial().Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("one more is told %v, want EOF", err)
	}
	w.stop() // is not held up by them
}

func TestTheSameProcessReplacesItsOldLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	old := w.ready("one")
	old.expect(opPresented)
	_, clients := serveSome(w, old, 1)
	fresh := w.ready("one")
	old.ended()
	if o := fresh.opened(); o.Client != clients[0] || len(o.Sockets) != 1 {
		t.Errorf("presented %+v", o)
	}
	eventually(t, "counting", func() bool { return w.counted.of(string(AppReplaced)) == 1 })
}

// Whatever an app says, the gateway goes on, its clients stay, and the next link has them.
func TestGarbageEndsTheLinkAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	first := w.ready("good")
	first.expect(opPresented)
	browsers, clients := serveSome(w, first, 1)
	first.Close()
	huge := binary.AppendUvarint(nil, 1<<62)
	for name, said := range map[string][]byte{
		"an unknown op":            frame(0x77),
		"a frame too long":         append(binary.BigEndian.AppendUint32(nil, maxFrame+1), byte(opSend)),
		"an empty frame":           {0, 0, 0, 0, 0},
		"a list that is none":      frame(opJoin, append([]byte{1, 1, '/'}, huge...)...),
		"a text that is none":      frame(opGone, append([]byte{1}, huge...)...),
		"parts that are not there": frame(opSend, append([]byte{1, 0, 12}, packetBody(make([]string, 11)...)[1:]...)...),
		"a packet of none":         frame(opSend, 1, 0, 0),
		"bytes behind the end":     frame(opTaken, 1, 1),
		"no JSON":                  frame(opSocket, 1, 'x'),
		"an op of the gateway's":   frame(opPacket, 1, 1, 0, 1, 'x'),
		"half an op":               frame(opCast, 1, '/'),
	} {
		p := w.attach(name)
		p.write(said)
		p.ended()
	}
	eventually(t, "counting", func() bool { return w.counted.of(string(BadFrame)) == 11 })
	last := w.ready("last")
	last.returnedOne(0, clients[0])
	browsers[0].say(`42["still here"]`)
	last.packet(clients[0], `2["still here"]`)
}

func TestRandomFramesHarmNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 50 {
		p := w.ready(fmt.Sprintf("random %d", i))
		for range 50 {
			body := make([]byte, random.IntN(40))
			for i := range body {
				body[i] = byte(random.IntN(256) >> random.IntN(8))
			}
			if _, err := p.Write(frame(op(0x20+random.IntN(15)), body...)); err != nil {
				break
			}
		}
		p.Close()
	}
	p := w.ready("last")
	p.expect(opPresented)
	p.serve(w.browse(), "sid")
}

func TestOpsOfOthersClientsAreDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p, thief := w.ready("one"), w.attach("thief")
	p.expect(opPresented)
	b := w.browse()
	c := p.serve(b, "sid", "r")
	thief.send(c, 0, "2[\"stolen\"]")
	thief.join(opLeave, c, "/", "r")
	thief.socket(c, "/", "other")
	thief.say(opGone, appendText(binary.AppendUvarint(nil, c), "/")...)
	thief.of(opClose, c)
	thief.of(opTaken, c)
	thief.of(opClose, 4711)
	thief.say(opPing, 1, 2, 3, 4, 5, 6, 7, 8)
	thief.expect(opPong) // all that has been obeyed
	p.cast("/", 0, []string{"r"}, nil, `2["its own"]`)
	b.hears(`42["its own"]`)
}

// stuck has a process that reads nothing, a full queue to it, and two clients, of which the first has said two large packets.
func stuck(w *world) (p *process, browsers []*browser, clients []uint64, big string) {
	w.t.Helper()
	p = w.ready("stuck")
	p.expect(opPresented)
	browsers, clients = serveSome(w, p, 2)
	big = `"` + strings.Repeat("x", 500_000) + `"`
	for range 2 { // the first is written to a socket that nobody reads, the second waits
		browsers[0].say(`42["n",` + big + `]`)
	}
	w.hub.mu.Lock()
	l := w.hub.links[0]
	w.hub.mu.Unlock()
	eventually(w.t, "a full queue", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.writing) > len(big) && len(l.queue) > len(big)
	})
	return p, browsers, clients, big
}

// The link is full: what clients say is held, in order, until there is room, and who says more than may be held is not read meanwhile.
func TestWhoSaysMoreThanAnAppTakesWaitsForItAndLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{QueueBytes: 1 << 10, HoldPackets: 20})
	p, browsers, clients, big := stuck(w)
	want := []int{50, 10}
	for of, n := range want {
		for i := range n {
			browsers[of].say(fmt.Sprintf(`42["n",%d]`, i))
		}
	}
	for range 2 {
		p.packet(clients[0], `2["n",`+big+`]`)
	}
	next := make([]int, 2)
	for !slices.Equal(next, want) {
		o, body, err := p.hear()
		if err != nil {
			t.Fatal(err)
		}
		number, ok := clientOf(frame(o, body...), opPacket)
		if !ok {
			continue
		}
		of := slices.Index(clients, number)
		if want := fmt.Sprintf(`2["n",%d]`, next[of]); !bytes.HasSuffix(body, []byte(want)) {
			t.Fatalf("heard %q, want %s", body, want)
		}
		next[of]++
	}
	if held, closed := w.hub.heldBytes.Load(), w.counted.of(string(BoundPackets)); held != 0 || closed != 0 {
		t.Errorf("%d bytes are still held, and %d were closed", held, closed)
	}
}

func TestWhoHasToWaitForAnAppTooLongIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{QueueBytes: 1 << 10, HoldPackets: 20, Hold: 300 * time.Millisecond})
	_, browsers, _, _ := stuck(w)
	for range 50 {
		browsers[1].say(`42["flood"]`)
	}
	browsers[1].isClosed()
}

func TestWhatIsHeldInAllHasABound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{HoldBytes: 1000})
	p := w.ready("one")
	p.expect(opPresented)
	browsers, _ := serveSome(w, p, 2)
	p.Close()
	eventually(t, "the loss of the link", func() bool { return w.hub.Stats().Waiting == 2 })
	browsers[0].say(`42["` + strings.Repeat("x", 900) + `"]`)
	eventually(t, "holding", func() bool { return w.hub.Stats().Held > 900 })
	browsers[1].say(`42["` + strings.Repeat("x", 200) + `"]`)
	browsers[1].isClosed()
	if w.counted.of(string(BoundBytes)) != 1 {
		t.Errorf("counted %v", w.counted.counts)
	}
}

func TestWhoIsNotLetInYetMaySayLittle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	b := w.browse()
	p.opened()
	for range 3 {
		b.say("40" + strings.Repeat("x", 30_000))
	}
	b.isClosed()
}

// 200 are presented and not taken; the others wait, and are closed when their time is over.
func TestAnAppThatNeverTakesItsClientsGetsNoMoreThan200(t *testing.T) {
	t.Parallel()
	const n = mostUntaken + 5
	w := newWorld(t, Options{Hold: 3 * time.Second})
	first := w.ready("first")
	first.expect(opPresented)
	browsers, clients := serveSome(w, first, n)
	first.Close()
	eventually(t, "the loss of the link", func() bool { return w.hub.Stats().Waiting == n })
	second := w.ready("second")
	for i := range mostUntaken {
		second.returnedOne(i, clients[i])
	}
	if got := w.hub.Stats().Waiting; got != 5 {
		t.Errorf("%d wait, want 5", got)
	}
	second.of(opTaken, clients[7])
	second.returnedOne(mostUntaken, clients[mostUntaken])
	for _, b := range browsers[mostUntaken+1:] {
		b.isClosed()
	}
	for i, c := range clients[:mostUntaken+1] {
		if i != 7 {
			second.of(opTaken, c)
		}
	}
	second.expect(opPresented)
}

func TestAttachmentsThatAreTooManyOrInterruptedEndTheClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	for _, said := range [][]string{{`4511-["x"]`}, {`451-["x",{"_placeholder":true,"num":0}]`, `42["y"]`}, {`4599999999999-["x"]`}} {
		b := w.browse()
		c := p.serve(b, "sid")
		b.say(said...)
		if strings.HasPrefix(said[0], "45999") { // the app's parser has an answer to that
			p.packet(c, said[0][1:])
			continue
		}
		b.isClosed()
		p.expectClosed(c, "parse error")
	}
}

func TestAPacketThatIsTooDeepEndsItsClientBeforeTheAppReadsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	nested := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	for _, said := range []string{`40{"a":` + nested(4000) + `}`, `40/chat,{"a":` + nested(101) + `}`, `427["x",` + nested(101) + `]`,
		`42/{[,["x",` + nested(101) + `]`, `451-["x",` + nested(4000) + `]`, `437[` + strings.Repeat(`{"a":`, 30_000)} {
		b := w.browse()
		c := p.serve(b, "sid")
		b.say(said)
		b.isClosed()
		p.expectClosed(c, "parse error")
	}
	b := w.browse()
	c := p.serve(b, "sid")
	for _, said := range []string{`42["x",` + nested(98) + `]`, `42["x","` + nested(4000) + `"]`, `42["x"` + strings.Repeat(`,[]`, 1000) + `]`, `4another parser's ` + nested(200)} {
		b.say(said)
		p.packet(c, said[1:])
	}
}

func TestSecretsReachNoLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w := newWorld(t, Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	p := w.ready("one")
	p.expect(opPresented)
	b := w.browse()
	c := p.opened().Client
	b.say(`40{"token":"hush"}`)
	p.packet(c, `0{"token":"hush"}`)
	text, _ := json.Marshal(map[string]any{"nsp": "/", "sid": "sid", "auth": map[string]string{"token": "hush"}})
	p.say(opSocket, append(binary.AppendUvarint(nil, c), append(text, "hush"...)...)...)
	p.ended()
	w.stop()
	for _, secret := range []string{"hush", testKey} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %q: %s", secret, log.String())
		}
	}
}

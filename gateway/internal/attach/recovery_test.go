package attach

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// recovers is an app whose server has connectionStateRecovery.
func recovers(h *appHello) { h.Options.Recovery = 60_000 }

// recovering is a process of such an app, that has nobody yet.
func (w *world) recovering(name string) *process {
	w.t.Helper()
	p := w.ready(name, recovers)
	p.expect(opPresented)
	return p
}

// recover asks for a socket, and returns the session, or nil for nothing.
func (p *process) recover(nsp, pid, offset string) *recoveredSession {
	p.t.Helper()
	p.asksFor(nsp, pid, offset)
	return p.recovered()
}

func (p *process) asksFor(nsp, pid, offset string) {
	p.t.Helper()
	text, _ := json.Marshal(map[string]string{"nsp": nsp, "pid": pid, "offset": offset})
	p.say(opRecover, append(binary.AppendUvarint(nil, 7), text...)...)
}

func (p *process) recovered() *recoveredSession {
	p.t.Helper()
	d := p.expect(opRecovered)
	if request := d.uvarint(); request != 7 {
		p.t.Fatalf("the answer is to request %d", request)
	}
	if len(d.rest) == 0 {
		return nil
	}
	var s recoveredSession
	d.json(&s)
	if err := d.done(); err != nil {
		p.t.Fatal(err)
	}
	return &s
}

func (p *process) keep(client uint64, nsp string, data []byte, rooms ...string) {
	p.t.Helper()
	text, _ := json.Marshal(map[string]any{"nsp": nsp, "rooms": rooms, "data": data})
	p.say(opKeep, append(binary.AppendUvarint(nil, client), text...)...)
}

// claimEarly has the client of one process go, and another process ask for its socket A while the first still has it.
func (w *world) claimEarly(rooms ...string) (first, second *process, client uint64, offset string) {
	w.t.Helper()
	first = w.recovering("first")
	ann := w.browse()
	client = first.serve(ann, "A", rooms...)
	first.cast("/", flagKeep, nil, nil, `2["n"]`)
	offset = ann.offsetOf(`42["n"]`)
	second = w.recovering("second")
	first.gone(ann, client)
	second.asksFor("/", "pA", offset)
	second.say(opPing, pingBody...)
	second.expect(opPong) // and not yet the session
	return first, second, client, offset
}

// gone ends a browser's connection and waits until the process knows.
func (p *process) gone(b *browser, client uint64) {
	p.t.Helper()
	b.Close()
	d := p.expect(opClosed)
	if number := d.uvarint(); number != client {
		p.t.Fatalf("client %d has gone, want %d", number, client)
	}
}

// offsetOf reads the offset of an event that a browser hears, which has to be this one otherwise.
func (b *browser) offsetOf(event string) (offset string) {
	b.t.Helper()
	got, err := b.Next()
	if err != nil {
		b.t.Fatal(err)
	}
	head, rest, ok := strings.Cut(got, `,"`+strings.Split(offsetIn(got), ".")[0]+".")
	if !ok || head+"]" != event || !strings.HasSuffix(rest, `"]`) {
		b.t.Fatalf("heard %q, want %q with an offset", got, event)
	}
	return offsetIn(got)
}

func offsetIn(text string) string {
	parts := strings.Split(text, `"`)
	return parts[max(0, len(parts)-2)]
}

// back is a client that comes back: it connects, and the process takes up the socket that it was given and answers.
func (p *process) back(b *browser, s *recoveredSession) (client uint64) {
	p.t.Helper()
	client = p.opened().Client
	b.say("40")
	p.packet(client, "0")
	text, _ := json.Marshal(map[string]string{"nsp": "/", "sid": s.SID, "pid": s.PID})
	p.say(opSocket, append(binary.AppendUvarint(nil, client), text...)...)
	p.join(opJoin, client, "/", s.Rooms[1:]...)
	p.send(client, 0, `0{"sid":"again"}`)
	b.hears(`40{"sid":"again"}`)
	return client
}

func TestWhatWasCastMeanwhileComesOnceAndInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.recovering("app")
	ann := w.browse()
	client := p.serve(ann, "A", "a", "b")
	p.cast("/", flagKeep, []string{"a"}, nil, `2["n",0]`)
	offset := ann.offsetOf(`42["n",0]`)
	p.gone(ann, client)
	p.keep(client, "/", []byte("data"), "A", "a", "b")
	p.cast("/", flagKeep, []string{"a", "b"}, nil, `2["n",1]`) // once, of two rooms
	p.cast("/", flagKeep, []string{"c"}, nil, `2["n","of another room"]`)
	p.cast("/", flagKeep, nil, []string{"b"}, `2["n","not for b"]`)
	p.cast("/", flagKeep|flagVolatile, nil, nil, `2["n","volatile, as the app should not say"]`)
	p.cast("/", 0, nil, nil, `2["n","not kept"]`)
	p.cast("/", flagKeep, []string{"A"}, nil, `2["n"]`)
	p.cast("/other", flagKeep, nil, nil, `2/other,["n"]`)
	p.cast("/", flagKeep, nil, nil, `51-["n",{"_placeholder":true,"num":0}]`, "binary")
	s := p.recover("/", "pA", offset)
	if s == nil || s.SID != "A" || !slices.Equal(s.Rooms, []string{"A", "a", "b"}) || string(s.Data) != "data" {
		t.Fatalf("the session is %+v", s)
	}
	if again := p.recover("/", "pA", offset); again != nil {
		t.Fatal("a second client has the same session")
	}
	p.cast("/", flagKeep, []string{"b"}, nil, `2["n",2]`) // after the claim, before the socket is there
	ann = w.browse()
	client = p.back(ann, s)
	ann.offsetOf(`42["n",1]`)
	ann.offsetOf(`42["n","volatile, as the app should not say"]`)
	ann.offsetOf(`42["n"]`)
	ann.offsetOf(`451-["n",{"_placeholder":true,"num":0}]`)
	if _, err := ann.Next(); err != nil { // the attachment
		t.Fatal(err)
	}
	last := ann.offsetOf(`42["n",2]`)
	p.cast("/", flagKeep, []string{"b"}, nil, `2["n",3]`)
	ann.offsetOf(`42["n",3]`)

	// A connection that is cut before it has heard all finds the rest again, rooms that are joined anew or not.
	p.gone(ann, client)
	p.keep(client, "/", nil, "A", "b")
	s = p.recover("/", "pA", last)
	if s == nil || string(s.Data) != "data" || !slices.Equal(s.Rooms, []string{"A", "b"}) {
		t.Fatalf("the session is %+v", s)
	}
	ann = w.browse()
	s.Rooms = s.Rooms[:1] // a middleware has left the other
	p.back(ann, s)
	ann.offsetOf(`42["n",3]`)
	p.cast("/", flagKeep, []string{"b"}, nil, `2["n","of a room that it has left"]`)
	p.cast("/", flagKeep, nil, nil, `2["n",4]`)
	ann.offsetOf(`42["n",4]`)
}

func TestNobodyHasASocketThatAnotherProcessStillHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	first, second, client, _ := w.claimEarly()
	first.keep(client, "/", nil, "A", "late")
	if s := second.recovered(); s == nil || !slices.Contains(s.Rooms, "late") {
		t.Fatalf("the session is %+v", s)
	}
}

func TestAProcessThatDiesLeavesTheSessionsOfItsClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	first, second, _, offset := w.claimEarly("a")
	first.Close() // without KEEP
	if s := second.recovered(); s == nil || !slices.Equal(s.Rooms, []string{"A", "a"}) {
		t.Fatalf("the session is %+v", s)
	}
	// The second one dies with the client on its way in: a third has the session.
	second.Close()
	eventually(t, "the second's end", func() bool { return w.counted.of(string(LinkLost)) == 2 })
	third := w.recovering("third")
	if third.recover("/", "pA", offset) == nil {
		t.Fatal("the claim of a process that died is still one")
	}
}

func TestWhoWasSentAwayHasNoSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.recovering("app")
	ann := w.browse()
	client := p.serve(ann, "A")
	p.cast("/", flagKeep, nil, nil, `2["n"]`)
	offset := ann.offsetOf(`42["n"]`)
	p.gone(ann, client)
	p.say(opGone, appendText(binary.AppendUvarint(nil, client), "/")...) // its goodbye was on the way
	if p.recover("/", "pA", offset) != nil {
		t.Fatal("it has a session")
	}
}

func TestAHostilePidOrOffsetGetsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.recovering("app")
	next := 0
	session := func() (pid, offset string) {
		next++
		ann := w.browse()
		sid := fmt.Sprint("S", next)
		client := p.serve(ann, sid)
		p.cast("/", flagKeep, []string{sid}, nil, `2["n"]`)
		offset = ann.offsetOf(`42["n"]`)
		p.gone(ann, client)
		p.keep(client, "/", nil, sid)
		return "p" + sid, offset
	}
	_, offset := session()
	name, _, _ := strings.Cut(offset, ".")
	for _, pid := range []string{"", "S1", "p", "pS", strings.Repeat("p", 1<<20), "\x00"} {
		if p.recover("/", pid, offset) != nil {
			t.Errorf("pid %.20q has a session", pid)
		}
	}
	if p.recover("/other", "pS1", offset) != nil {
		t.Error("another namespace has the session")
	}
	for _, bad := range []string{"", "1", name, name + ".", name + ".0", name + ".-1", name + ".+1", name + ".01", name + ".zzzzzzzzzzzzzzzzz", name + ".1 ", "." + offset, strings.ToUpper(offset) + "Z", name + ".zzzz"} {
		pid, _ := session()
		if p.recover("/", pid, bad) != nil {
			t.Errorf("offset %q has a session", bad)
		}
	}
}

func TestAnOffsetFromBeforeItJoinedTellsNothingOfThen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.recovering("app")
	bob := w.browse()
	p.serve(bob, "B", "a")
	p.cast("/", flagKeep, []string{"a"}, nil, `2["n",0]`)
	early := bob.offsetOf(`42["n",0]`)
	p.cast("/", flagKeep, []string{"a"}, nil, `2["n","before ann"]`)
	p.cast("/", flagKeep, nil, nil, `2["n","before ann, to all"]`)
	ann := w.browse()
	client := p.serve(ann, "A")
	p.cast("/", flagKeep, []string{"a"}, nil, `2["n","before she joined"]`)
	p.join(opJoin, client, "/", "a")
	p.cast("/", flagKeep, []string{"a"}, nil, `2["n",1]`)
	ann.offsetOf(`42["n",1]`)
	p.gone(ann, client)
	p.keep(client, "/", nil, "A", "a")
	s := p.recover("/", "pA", early)
	if s == nil {
		t.Fatal("there is no session")
	}
	ann = w.browse()
	p.back(ann, s)
	ann.offsetOf(`42["n",1]`)
}

func TestWithoutRecoveryNothingIsKeptAndNothingAdded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.ready("app")
	p.expect(opPresented)
	ann := w.browse()
	client := p.serve(ann, "A", "a")
	p.cast("/", flagKeep, []string{"a"}, nil, `2["n",0]`)
	ann.hears(`42["n",0]`)
	p.gone(ann, client)
	p.keep(client, "/", nil, "A", "a")
	if p.recover("/", "pA", "x.1") != nil {
		t.Fatal("there is a session")
	}
	if s := w.hub.Stats(); s.Absent != 0 || s.Kept != 0 {
		t.Fatalf("kept: %+v", s)
	}
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	if len(w.hub.spaces) != 0 {
		t.Fatal("a namespace without sockets is there")
	}
}

func TestAnHonestNoWhereWhatWasMissedIsGoneOrTooMuch(t *testing.T) {
	t.Parallel()
	for _, bound := range []struct {
		options Options
		many    int
		want    Recovery
	}{
		{Options{RecoveryBuffer: 20_000}, 100, TooOld},
		{Options{RecoveryLimit: 10}, 11, TooMuch},
		{Options{ClientBytes: 20_000}, 50, TooMuch},
	} {
		w := newWorld(t, bound.options)
		p := w.recovering("app")
		ann := w.browse()
		client := p.serve(ann, "A")
		p.cast("/", flagKeep, nil, nil, `2["n"]`)
		offset := ann.offsetOf(`42["n"]`)
		p.gone(ann, client)
		p.keep(client, "/", nil, "A")
		for range bound.many {
			p.cast("/", flagKeep, nil, nil, `2["n"]`)
		}
		if p.recover("/", "pA", offset) != nil || w.counted.of(string(bound.want)) != 1 {
			t.Errorf("%+v: recovered, or not counted as %s: %v", bound.options, bound.want, w.counted.counts)
		}
		if kept := w.hub.Stats().Kept; bound.options.RecoveryBuffer > 0 && kept > bound.options.RecoveryBuffer {
			t.Errorf("%d bytes are kept, of %d", kept, bound.options.RecoveryBuffer)
		}
	}
}

func TestSessionsAreBoundedInBytesAndTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{RecoveryBuffer: 20_000, Hold: 200 * time.Millisecond})
	p := w.ready("app", func(h *appHello) { h.Options.Recovery = 500 })
	p.expect(opPresented)
	for i := range 30 {
		ann := w.browse()
		client := p.serve(ann, fmt.Sprint("S", i))
		p.gone(ann, client)
		p.keep(client, "/", make([]byte, 1000), "S")
	}
	p.say(opPing, pingBody...)
	p.expect(opPong)
	w.hub.mu.Lock()
	bytes, n := w.hub.absent.bytes, w.hub.absent.order.Len()
	w.hub.mu.Unlock()
	if bytes > 5000+2000 || n == 0 || n > 5 {
		t.Errorf("%d sessions of %d bytes are kept", n, bytes)
	}
	eventually(t, "the end of sessions and their namespace", func() bool {
		w.hub.mu.Lock()
		defer w.hub.mu.Unlock()
		return w.hub.absent.order.Len() == 0 && w.hub.absent.bytes == 0 && len(w.hub.absent.byPID)+len(w.hub.absent.byClient)+len(w.hub.spaces) == 0
	})
}

func TestWhoComesBackBeforeTheOldConnectionIsDeadHasItsSocket(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.recovering("app")
	ann := w.browse()
	client := p.serve(ann, "A", "a")
	p.cast("/", flagKeep, nil, nil, `2["n",0]`)
	offset := ann.offsetOf(`42["n",0]`)
	p.cast("/", flagKeep, nil, nil, `2["n",1]`) // into a network that is gone
	if p.recover("/", "pA", "x.1") != nil {
		t.Fatal("an offset of nobody's has the socket")
	}
	p.cast("/", flagKeep, nil, nil, `2["n",2]`) // it goes on
	ann.offsetOf(`42["n",1]`)
	ann.offsetOf(`42["n",2]`)
	p.asksFor("/", "pA", offset)
	p.expectClosed(client, "session taken up")
	p.keep(client, "/", nil, "A", "a")
	s := p.recovered()
	if s == nil || !slices.Equal(s.Rooms, []string{"A", "a"}) {
		t.Fatalf("the session is %+v", s)
	}
	ann.isClosed()
	again := w.browse()
	p.back(again, s)
	again.offsetOf(`42["n",1]`)
	again.offsetOf(`42["n",2]`)
}

package attach

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

const testKey = "a key that is long enough for tests"

// world is a hub with an engine in front and a listener behind.
type world struct {
	t        *testing.T
	hub      *Hub
	engine   *engineio.Server
	url      string // of the clients
	listener net.Listener
	counted  *tally
	stop     func()
}

// tally is an Observer that remembers.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *tally) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[what]++
}

func (c *tally) of(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[what]
}

func (c *tally) AppBytes(from, to int)  {}
func (c *tally) AppOverflow(b Bound)    { c.count(string(b)) }
func (c *tally) AppRefused(r Refusal)   { c.count(string(r)) }
func (c *tally) AppLinkEnded(why Ended) { c.count(string(why)) }
func (c *tally) AppBusDropped()         { c.count("bus") }
func (c *tally) AppRecovery(r Recovery) { c.count(string(r)) }

// newWorld starts one, which ends with the test.
func newWorld(t *testing.T, o Options) *world {
	t.Helper()
	w := &world{t: t, counted: &tally{}}
	o.Keys, o.Observer = []string{testKey}, w.counted
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	w.hub = New(o)
	w.engine = engineio.New(w.hub, engineio.Options{Ask: w.hub.Ask, Refused: w.hub.TurnedAway, CloseGrace: 50 * time.Millisecond, MaxPending: 1000, PendingPayload: 32 << 10, SendQueueBytes: 64 << 20})
	web := httptest.NewUnstartedServer(w.engine)
	web.Listener = w.engine.Door(web.Listener, engineio.DoorOptions{Takes: func(*http.Request) bool { return !w.hub.Asks() }})
	web.Start()
	w.serve(web, w.engine.Shutdown)
	return w
}

// serve lets apps in from now on, until the test ends: clients go first.
func (w *world) serve(web *httptest.Server, shutdown func(context.Context) error) {
	w.t.Helper()
	w.url = web.URL
	folder, err := os.MkdirTemp("", "") // that of TempDir has the name of the test, which may be too long for a socket
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { os.RemoveAll(folder) })
	if w.listener, err = net.Listen("unix", filepath.Join(folder, "a")); err != nil {
		w.t.Fatal(err)
	}
	w.hub.Serve(w.listener)
	w.stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		w.hub.Drain()
		w.listener.Close()
		if err := shutdown(ctx); err != nil {
			w.t.Errorf("shutdown of the engine: %v", err)
		}
		if err := w.hub.Close(ctx); err != nil {
			w.t.Errorf("close of the hub: %v", err)
		}
		web.Close()
	})
	w.t.Cleanup(w.stop)
}

// expectClosed waits for the end of a client.
func (p *process) expectClosed(client uint64, why string) {
	p.t.Helper()
	d := p.expect(opClosed)
	if number, reason := d.uvarint(), d.string(); number != client || reason != why {
		p.t.Fatalf("client %d closed: %s", number, reason)
	}
}

// browser is a client.
type browser struct {
	*engineclient.Conn
	t *testing.T
}

// browse opens a client's connection.
func (w *world) browse() *browser {
	w.t.Helper()
	c, err := engineclient.Dialer{Step: patience}.Dial(w.t.Context(), "ws"+strings.TrimPrefix(w.url, "http")+"/?"+engineclient.Query)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Close() })
	b := &browser{c, w.t}
	if _, err := c.Await("0{"); err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (b *browser) say(packets ...string) {
	b.t.Helper()
	for _, packet := range packets {
		if err := b.Say(packet); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *browser) hears(want ...string) {
	b.t.Helper()
	for _, one := range want {
		if got, err := b.Next(); err != nil || got != one {
			b.t.Fatalf("heard %.200q, %v; want %.200q", got, err, one)
		}
	}
}

// isClosed waits until the connection is.
func (b *browser) isClosed() {
	b.t.Helper()
	for {
		switch _, err := b.Next(); {
		case err == nil:
		case errors.Is(err, context.DeadlineExceeded), strings.Contains(err.Error(), "timeout"):
			b.t.Fatal("the connection is not closed")
		default:
			return
		}
	}
}

// process is a process of an app, as rude as the test wants.
type process struct {
	words words
	net.Conn
	t     *testing.T
	name  string
	nonce string
	peers []string
}

// dial connects without a word.
func (w *world) dial() net.Conn {
	w.t.Helper()
	conn, err := net.Dial(w.listener.Addr().Network(), w.listener.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	return conn
}

// attach is a process that is let in.
func (w *world) attach(name string, change ...func(*appHello)) *process {
	w.t.Helper()
	p := &process{Conn: w.dial(), t: w.t, name: name}
	p.greet(change...)
	var said welcome
	p.expect(opWelcome).json(&said)
	if want := proof(testKey, "gateway", strings.Repeat("ab", nonceBytes), p.nonce); said.Proof != want {
		w.t.Fatalf("the gateway's proof is %q, want %q", said.Proof, want)
	}
	return p
}

// ready is attach, and READY.
func (w *world) ready(name string, change ...func(*appHello)) *process {
	w.t.Helper()
	p := w.attach(name, change...)
	p.say(opReady)
	return p
}

func (p *process) greet(change ...func(*appHello)) {
	p.t.Helper()
	var theirs gatewayHello
	p.expect(opHello).json(&theirs)
	p.nonce = theirs.Nonce
	h := appHello{Version: 1, App: p.name, Nonce: strings.Repeat("ab", nonceBytes)}
	h.Proof = proof(testKey, "app", theirs.Nonce, h.Nonce)
	for _, f := range change {
		f(&h)
	}
	p.write(jsonFrame(opHello, h))
}

func (p *process) write(b []byte) {
	p.t.Helper()
	p.SetWriteDeadline(time.Now().Add(patience))
	if _, err := p.Write(b); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) say(o op, body ...byte) { p.t.Helper(); p.write(frame(o, body...)) }

// hear returns the next op that is neither a ping nor of peers.
func (p *process) hear() (op, []byte, error) {
	for {
		p.SetReadDeadline(time.Now().Add(patience))
		o, body, _, err := readFrame(p, nil, maxFrame)
		switch {
		case err != nil:
			return 0, nil, err
		case o == opPing:
			p.Write(frame(opPong, body...))
		case o == opPeers:
			d := decoder{rest: body}
			p.peers = d.list()
		case o == opWords:
			d := decoder{rest: body}
			p.words.list = append(p.words.list, d.list()...)
		default:
			return o, body, nil
		}
	}
}

func (p *process) expect(want op) *decoder {
	p.t.Helper()
	o, body, err := p.hear()
	if err != nil || o != want {
		p.t.Fatalf("%s heard op %#x %.200q, %v; want %#x", p.name, byte(o), body, err, byte(want))
	}
	return &decoder{rest: body}
}

// opened is the next client that it is given.
func (p *process) opened() opening {
	p.t.Helper()
	var o opening
	got, body, err := p.hear()
	d := &decoder{rest: body}
	switch {
	case err == nil && got == opOpen:
		d.json(&o)
	case err == nil && got == opEnter:
		o = opening{Client: d.uvarint(), SID: d.string(), Transport: d.string(), Issued: int64(d.uvarint()), Asked: d.uvarint()}
		o.Head, d.rest = p.words.unpack(string(d.rest)), nil
	default:
		p.t.Fatalf("%s heard op %#x %.200q, %v; want a client", p.name, byte(got), body, err)
	}
	if err := d.done(); err != nil {
		p.t.Fatal(err)
	}
	return o
}

// packet expects a packet of a client, of these parts.
func (p *process) packet(client uint64, want ...string) {
	p.t.Helper()
	d := p.expect(opPacket)
	number := d.uvarint()
	var got []string
	for range d.uvarint() {
		d.byte()
		got = append(got, d.string())
	}
	if err := d.done(); err != nil || number != client || !slices.Equal(got, want) {
		p.t.Fatalf("%s heard %.200q of client %d, %v; want %.200q of %d", p.name, got, number, err, want, client)
	}
}

func (p *process) ended() {
	p.t.Helper()
	for {
		if _, _, err := p.hear(); err != nil {
			return
		}
	}
}

func packetBody(parts ...string) []byte {
	b := binary.AppendUvarint(nil, uint64(len(parts)))
	for i, text := range parts {
		b = appendText(append(b, min(byte(i), 1)), text)
	}
	return b
}

func (p *process) send(client uint64, flags byte, parts ...string) {
	p.t.Helper()
	p.say(opSend, append(append(binary.AppendUvarint(nil, client), flags), packetBody(parts...)...)...)
}

func (p *process) cast(nsp string, flags byte, rooms, except []string, parts ...string) {
	p.t.Helper()
	b := append(appendText(nil, nsp), flags)
	p.say(opCast, append(appendList(appendList(b, rooms), except), packetBody(parts...)...)...)
}

func (p *process) socket(client uint64, nsp, sid string) {
	p.t.Helper()
	text, _ := json.Marshal(map[string]any{"nsp": nsp, "sid": sid, "pid": "p" + sid, "auth": map[string]string{"token": sid}})
	p.say(opSocket, append(binary.AppendUvarint(nil, client), text...)...)
}

func (p *process) join(o op, client uint64, nsp string, rooms ...string) {
	p.t.Helper()
	p.say(o, appendList(appendText(binary.AppendUvarint(nil, client), nsp), rooms)...)
}

func (p *process) of(o op, client uint64) {
	p.t.Helper()
	b := binary.AppendUvarint(nil, client)
	if o == opClose {
		b = append(b, 0)
	}
	p.say(o, b...)
}

// serve lets a browser in as an app does, and joins it to rooms.
func (p *process) serve(b *browser, sid string, rooms ...string) (client uint64) {
	p.t.Helper()
	b.say("40")
	client = p.opened().Client
	p.packet(client, "0")
	p.socket(client, "/", sid)
	if len(rooms) > 0 {
		p.join(opJoin, client, "/", rooms...)
	}
	p.send(client, 0, fmt.Sprintf(`0{"sid":%q}`, sid))
	b.hears(fmt.Sprintf(`40{"sid":%q}`, sid))
	return client
}

// eventually waits for what happens on another goroutine.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); time.Sleep(time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatalf("%s did not happen", what)
		}
	}
}

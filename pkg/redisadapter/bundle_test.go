package redisadapter

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/rawjson"
	"github.com/socketgate/socketgate/pkg/redisadapter/redistest"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// goldenBundle is two events as another server bundles them, which has to stay: servers of the next build hear it beside those of this one.
const goldenBundle = "06 5a6b336e4170 02" +
	"0000000000000007 0000000000000005 01 02 7231 00 04 73616964 01 07 7b2261223a317d" +
	"0000000000000009 0000000000000007 02 02 7231 02 7232 01 02 7333 03 74776f 00"

var goldenEvents = []outgoing{
	{ns: "/", message: message{
		kind: broadcast, to: socketio.Target{Rooms: []string{"r1"}, Offset: 7}, event: "said", args: []json.RawMessage{[]byte(`{"a":1}`)}, order: &order{7, 5},
	}},
	{ns: "/", message: message{
		kind: broadcast, to: socketio.Target{Rooms: []string{"r1", "r2"}, Except: []string{"s3"}, Offset: 9}, event: "two", order: &order{9, 7},
	}},
}

func (k Kept) String() string {
	return fmt.Sprintf("%s -%s %d %d %q %s", k.To.Rooms, k.To.Except, k.To.Offset, k.Previous, k.Event, k.Args)
}

func readBundle(payload []byte) (uid string, all []Kept, err error) {
	uid, events, rest, err := openBundle(string(payload), payload)
	for range events {
		k, err := rest.event()
		if err != nil {
			return uid, all, err
		}
		all = append(all, k)
	}
	return uid, all, err
}

func TestBundleOfTheWire(t *testing.T) {
	t.Parallel()
	golden := unhex(t, goldenBundle)
	if got := appendBundle(nil, goldenUID, goldenEvents); string(got) != string(golden) {
		t.Errorf("wrote %s\nwant  %s", hex.EncodeToString(got), hex.EncodeToString(golden))
	}
	uid, events, err := readBundle(golden)
	if err != nil || uid != goldenUID {
		t.Fatalf("of %q, %v", uid, err)
	}
	want := `[[r1] -[] 7 5 "said" [{"a":1}] [r1 r2] -[s3] 9 7 "two" []]`
	if got := fmt.Sprint(events); got != want {
		t.Errorf("read %s\nwant %s", got, want)
	}
	if got := (Options{Prefix: "socket.io"}).bundles("/"); got != "socket.io-told1#/#" {
		t.Errorf("the channel is %q", got)
	}
}

func FuzzBundle(f *testing.F) {
	golden := unhex(f, goldenBundle)
	f.Add(golden)
	f.Add(golden[:len(golden)-1])
	f.Add(unhex(f, "00 ff ff ff ff ff ff ff ff ff 01"))
	f.Add(unhex(f, "00 01 0000000000000007 0000000000000005 ff ff 03 00 00 00"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		uid, events, err := readBundle(payload)
		if err != nil {
			return
		}
		var again []outgoing
		for _, k := range events {
			again = append(again, outgoing{message: message{to: k.To, event: k.Event, args: k.Args, order: &order{k.To.Offset, k.Previous}}})
		}
		_, twice, err := readBundle(appendBundle(nil, uid, again))
		if err != nil || fmt.Sprint(twice) != fmt.Sprint(events) {
			t.Fatalf("read again %s, %v\nwant %s", twice, err, events)
		}
	})
}

// listener is a server's Options.Kept, which drops what comes twice.
type listener struct {
	mu    sync.Mutex
	known map[socketio.Offset]bool
	twice int
	order chan Kept
}

func newListener() *listener {
	return &listener{known: make(map[socketio.Offset]bool), order: make(chan Kept, 10_000)}
}

func (l *listener) kept(_ *socketio.Namespace, events []Kept) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range events {
		if l.known[k.To.Offset] {
			l.twice++
			continue
		}
		l.known[k.To.Offset] = true
		l.order <- k
	}
}

// say publishes kept events to a room, as many as a burst has, behind a position.
func (s *server) say(room string, after socketio.Offset) (last socketio.Offset) {
	for range burst {
		s.adapter.PublishKept(s.root, socketio.Target{Rooms: []string{room}, Offset: after + 1}, after, "said", []json.RawMessage{quoted(after + 1)})
		after++
	}
	return after
}

// hears checks that the events of a burst come, in their order.
func (l *listener) hears(t *testing.T, after socketio.Offset) {
	t.Helper()
	for i := range burst {
		position := after + socketio.Offset(i) + 1
		if k := <-l.order; k.To.Offset != position || k.Previous != position-1 || k.Event != "said" || string(k.Args[0]) != fmt.Sprint(position) {
			t.Fatalf("heard %s, want that at %d", k, position)
		}
	}
}

func TestKeptEventsThatAreSaidTogetherAreOneMessageToServersThatUnderstandIt(t *testing.T) {
	t.Parallel()
	for name, o := range languages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis, l := redistest.Start(t), newListener()
			o.Kept = l.kept
			a, b := serve(t, open(t, nil, redis.Addr()), o), serve(t, open(t, nil, redis.Addr()), o)
			b.member("/", "r")
			a.beats(2) // by then it has looked who is there
			before := published(t, redis)
			last := a.say("r", 1)
			l.hears(t, 1)
			if n := published(t, redis) - before; n > burst/2 {
				t.Errorf("%d events took %d messages", burst, n)
			}
			a.adapter.PublishKept(a.root, socketio.Target{Rooms: []string{"nobody"}, Offset: last + 1}, last, "said", nil)
			if k := <-l.order; k.Event != "" || k.To.Offset != last+1 {
				t.Errorf("heard %s of a room where nobody is", k)
			}
			a.adapter.PublishKept(a.root, socketio.Target{Rooms: []string{"r"}, Offset: last + 2}, last+1, "bytes", []json.RawMessage{quoted(socketio.Binary("x"))})
			k := <-l.order
			var got socketio.Binary
			if err := json.Unmarshal(k.Args[0], &got); err != nil || string(got) != "x" {
				t.Errorf("heard bytes as %s, %v", k.Args[0], err)
			}
			if l.twice > 0 {
				t.Errorf("%d events came twice", l.twice)
			}
		})
	}
}

// A server of another build, or an official one, hears kept events in its own wire, from its subscription on, though there were bundles
// before it came.
func TestAServerThatDoesNotUnderstandBundlesHearsAllThatIsSaidOnceItIsSubscribed(t *testing.T) {
	t.Parallel()
	for name, o := range languages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis, l := redistest.Start(t), newListener()
			older := o
			o.Kept = l.kept
			a, b := serve(t, open(t, nil, redis.Addr()), o), serve(t, open(t, nil, redis.Addr()), o)
			b.member("/", "r")
			a.beats(2)
			last := a.say("r", 1)
			l.hears(t, 1)
			c := serve(t, open(t, nil, redis.Addr()), older)
			there := c.member("/", "r")
			for range 2 { // the first before, the second after who publishes has looked who is there
				next := a.say("r", last)
				l.hears(t, last)
				for i := range burst {
					there.expect(fmt.Sprintf(`2["said",%d]`, int(last)+i+1))
				}
				last = next
				a.beats(2)
			}
			if l.twice > burst {
				t.Errorf("%d events came twice, of the %d before it was known who is there", l.twice, burst)
			}
		})
	}
}

func TestWhereNobodyCanBeCountedOnlyAKeyHasKeptEventsBundled(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{"clear": {}, "sealed": languages["classic sealed"]} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis, l := redistest.Start(t), newListener()
			o.Kept = l.kept
			a := serve(t, open(t, nil, redis.Addr()), o)
			replica := redistest.Start(t, "--replicaof", strings.Replace(redis.Addr(), ":", " ", 1))
			b := serve(t, open(t, nil, replica.Addr()), o)
			b.member("/", "r")
			for range time.Tick(10 * time.Millisecond) {
				if info, _ := replica.Do("INFO", "replication").ToString(); strings.Contains(info, "master_link_status:up") {
					break
				}
			}
			a.beats(2) // by then it has looked
			before := published(t, redis)
			a.say("r", 1)
			l.hears(t, 1)
			if n := published(t, redis) - before; (n > burst/2) == (a.adapter.seal != nil) {
				t.Errorf("%d events took %d messages", burst, n)
			}
		})
	}
}

func TestHostileBundlesAreDroppedAndCounted(t *testing.T) {
	t.Parallel()
	redis, l := redistest.Start(t), newListener()
	a := serve(t, open(t, nil, redis.Addr()), Options{})
	b := serve(t, open(t, nil, redis.Addr()), Options{Kept: l.kept})
	b.member("/", "r")
	bundle := func(event, arg string) string {
		m := message{to: socketio.Target{Rooms: []string{"r"}, Offset: 7}, event: event, args: []json.RawMessage{[]byte(arg)}, order: &order{7, 5}}
		return string(appendBundle(nil, "x", []outgoing{{message: m}}))
	}
	hostile := []string{
		"", "\x00", "\x01", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x01x\xff\xff\xff\xff\x7f", "{}", bundle("", "1"), bundle("said", "{"),
		bundle("said", "1,2"), bundle("said", "\"\xff\""), bundle("said", strings.Repeat("[", rawjson.MaxDepth+1)+strings.Repeat("]", rawjson.MaxDepth+1)),
		bundle("said", "1")[:10],
	}
	before := b.watch.droppedBy(InUnreadable)
	for _, payload := range hostile {
		a.publish(a.adapter.options.bundles("/"), payload)
	}
	a.publish(a.adapter.options.bundles("/"), bundle("said", `"<fine>"`)+"more")
	if k := <-l.order; k.String() != `[r] -[] 7 5 "said" ["<fine>"]` {
		t.Errorf("heard %s", k)
	}
	a.publish(a.adapter.options.bundles("/"), bundle("said", `"again"`))
	b.watch.until(t, "all to be counted", func() bool { return b.watch.droppedBy(InUnreadable)-before == len(hostile)+1 })
}

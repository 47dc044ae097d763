package outbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/gateway/internal/store"
)

const patience = 20 * time.Second // how long a test waits for what must come

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const messages = `CREATE TABLE "Message" (id text PRIMARY KEY, text text NOT NULL, "userId" text NOT NULL, "roomId" text NOT NULL)`

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// gateway is an Outbox and its store.
type gateway struct {
	t      *testing.T
	url    string
	store  *store.Store
	outbox *Outbox
	told   chan Emit
	counts counts
}

type counts struct {
	mu sync.Mutex
	of map[string]int
}

func (c *counts) Emits(outcome string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = make(map[string]int)
	}
	c.of[outcome] += n
}

func (c *counts) EmitsUnread() { c.Emits("unread", 1) }

func (c *counts) count(outcome string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of[outcome]
}

func newGateway(t *testing.T, url, node string) *gateway {
	t.Helper()
	g := &gateway{t: t, url: url, told: make(chan Emit, 10_000)}
	parsed, err := database.Parse(url)
	must(t, err)
	o := Options{Window: time.Minute, MaxPayload: 1000, Alone: node == "", Observer: &g.counts}
	g.outbox, err = Open(t.Context(), parsed, o)
	must(t, err)
	t.Cleanup(g.outbox.Close)
	g.store, err = store.Open(t.Context(), store.Config{URL: url, Node: node, Aside: g.outbox.Newest()})
	must(t, err)
	t.Cleanup(func() { g.store.Close(context.Background()) })
	t.Cleanup(g.outbox.Close)
	return g
}

func (g *gateway) start() *gateway {
	g.t.Helper()
	must(g.t, g.outbox.Start(g.store, func(e Emit) { g.told <- e }))
	return g
}

func (g *gateway) emit(room, payload string) {
	g.t.Helper()
	dbtest.Exec(g.t, g.url, fmt.Sprintf("SELECT socketgate.emit('%s', 'news', '%s')", room, payload))
}

func (g *gateway) next() Emit {
	g.t.Helper()
	select {
	case e := <-g.told:
		return e
	case <-time.After(patience):
		g.t.Fatal("nothing was told")
	}
	return Emit{}
}

func (g *gateway) expect(payloads ...string) (last Emit) {
	g.t.Helper()
	for _, want := range payloads {
		e := g.next()
		if string(e.Payload) != want || e.Position <= last.Position {
			g.t.Fatalf("told %s at %d, want %s behind %d", e.Payload, e.Position, want, last.Position)
		}
		last = e
	}
	return last
}

func TestRowsAreTakenOnceByOneOfSeveral(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, messages)
	a, b := newGateway(t, url, "a").start(), newGateway(t, url, "b").start()
	const n = 400
	dbtest.Exec(t, url, fmt.Sprintf("SELECT socketgate.emit('r', 'news', i::text) FROM generate_series(1, %d) AS i", n))
	var got []string
	for len(got) < n {
		select {
		case e := <-a.told:
			got = append(got, string(e.Payload))
		case e := <-b.told:
			got = append(got, string(e.Payload))
		case <-time.After(patience):
			t.Fatalf("%d were told", len(got))
		}
	}
	slices.Sort(got)
	if got = slices.Compact(got); len(got) != n {
		t.Errorf("%d were told", len(got))
	}
}

func TestAStartTellsWhatIsFreshAndLeavesOutWhatIsOld(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, messages)
	first := newGateway(t, url, "")
	first.outbox.Close()
	first.emit("r", "1")
	dbtest.Exec(t, url, "UPDATE socketgate.emits SET at = now() - interval '61 seconds'")
	first.emit("r", "2")
	g := newGateway(t, url, "").start()
	g.expect("2")
	if g.counts.count("old") != 1 {
		t.Error("the old one was not counted")
	}
}

// A process that was killed has given places, and told nobody: who comes back has it from the row, and nobody else is told.
func TestWhatHasAPlaceIsNotToldAgainAndIsThereForWhoComesBack(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, messages)
	g := newGateway(t, url, "").start()
	g.emit("r", "1")
	first := g.expect("1")
	g.outbox.Close()
	again := newGateway(t, url, "").start()
	if again.outbox.Newest() != first.Position || again.store.Head() != first.Position {
		t.Errorf("begins behind %d and %d, not %d", again.outbox.Newest(), again.store.Head(), first.Position)
	}
	again.emit("r", "2")
	second := again.expect("2")
	h := History{again.outbox, again.store}
	read := func(after, through uint64, rooms ...string) (payloads string) {
		var gaps []message.Gap
		for _, room := range rooms {
			gaps = append(gaps, message.Gap{Room: room, After: after})
		}
		rows, err := h.Missed(t.Context(), gaps, through, 10)
		must(t, err)
		for _, row := range rows {
			payloads += row.InRoom + string(row.Said.Payload) + " "
		}
		return payloads
	}
	for got, want := range map[string]string{
		read(0, second.Position, "r", "r"): "r1 r2 ", read(first.Position, second.Position, "r"): "r2 ", read(0, first.Position, "r"): "r1 ", read(0, second.Position, "s"): "",
	} {
		if got != want {
			t.Errorf("read %q, want %q", got, want)
		}
	}
	if _, err := h.Missed(t.Context(), []message.Gap{{Room: "r"}}, second.Position, 1); err == nil {
		t.Error("more than the limit was read")
	}
}

// A statement whose answer was lost may be run by the server all the same, later too.
func TestAPlaceOfWhichNobodyKnowsIsGivenAnew(t *testing.T) {
	t.Parallel()
	g := newGateway(t, dbtest.Postgres(t, messages), "")
	taker := &taker{Outbox: g.outbox, places: g.store, tell: func(e Emit) { g.told <- e }, wake: make(chan struct{}, 1)}
	g.emit("r", "1")
	dbtest.Exec(t, g.url, "UPDATE socketgate.emits SET position = 5000000000000000000")
	if is, err := taker.look(); is || err != nil {
		t.Fatalf("%v, %v", is, err)
	}
	taker.suspect = time.Now().Add(time.Minute)
	taker.attend()
	g.expect("1")
}

func TestAllGatewaysFindEmitsBehindTheClock(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, messages)
	g := newGateway(t, url, "a").start()
	other := newGateway(t, url, "b")
	for _, payload := range []string{"1", "2", "3"} {
		g.emit("r", payload)
		g.expect(payload)
	}
	h := History{other.outbox, other.store}
	var got []string
	for after, more := uint64(0), true; more; {
		rows, through, err := h.After(t.Context(), after, 2)
		must(t, err)
		for _, row := range rows {
			got = append(got, string(row.Said.Payload))
		}
		after, more = through, len(rows) == 2
	}
	if strings.Join(got, "") != "123" {
		t.Errorf("read %q", got)
	}
}

func TestWhatIsTooLargeIsCountedAndHoldsUpNothing(t *testing.T) {
	t.Parallel()
	g := newGateway(t, dbtest.Postgres(t, messages), "").start()
	g.emit("r", `"`+strings.Repeat("x", 1000)+`"`)
	g.emit("r", "2")
	g.expect("2")
	g.outbox.Close() // which waits for the batch that it counts in
	if g.counts.count("too_large") != 1 {
		t.Error("not counted")
	}
}

func TestTheLatestRowStaysAndOlderOnesGo(t *testing.T) {
	t.Parallel()
	g := newGateway(t, dbtest.Postgres(t, messages), "").start()
	for _, payload := range []string{"1", "2", "3"} {
		g.emit("r", payload)
		g.expect(payload)
	}
	dbtest.Exec(t, g.url, "UPDATE socketgate.emits SET at = now() - interval '1 day'")
	must(t, (&taker{Outbox: g.outbox}).prune())
	if left := dbtest.Column(t, g.url, "SELECT payload::text FROM socketgate.emits"); !slices.Equal(left, []string{"3"}) {
		t.Errorf("left is %q", left)
	}
}

// Without the right to make them, an admin runs what socketgate schema prints.
func TestARoleThatMayMakeNothingIsToldWhatToRun(t *testing.T) {
	t.Parallel()
	owner := dbtest.Postgres(t, messages)
	role := dbtest.AsRole(t, owner, "GRANT USAGE ON SCHEMA public")
	url, err := database.Parse(role)
	must(t, err)
	_, err = Open(t.Context(), url, Options{Window: time.Minute})
	if err == nil || !strings.Contains(err.Error(), "socketgate schema -app") {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(role, "postgres://"), "@")
	dbtest.Exec(t, owner, database.OwnScript(name, Objects()...)+GrantApp(name))
	o, err := Open(t.Context(), url, Options{Window: time.Minute})
	must(t, err)
	o.Close()
	dbtest.Exec(t, role, "SELECT socketgate.emit('r', 'news', '1')")
}

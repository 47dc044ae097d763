package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// cluster is some gateways on a table and a wire of the test's, in a bubble of synctest.
type cluster struct {
	t        *testing.T
	table    *fakeTable
	wire     *fakeWire
	gateways []*gateway
	over     chan struct{}
	sending  sync.WaitGroup
}

func newCluster(t *testing.T, seed uint64) *cluster {
	dice := &dice{random: rand.New(rand.NewPCG(seed, 1))}
	return &cluster{
		t: t, over: make(chan struct{}),
		table: &fakeTable{dice: dice, clock: 1000, committed: make(map[uint64]time.Time)},
		wire:  &fakeWire{dice: dice},
	}
}

// dice may be thrown by many.
type dice struct {
	mu     sync.Mutex
	random *rand.Rand
}

func (d *dice) upTo(t time.Duration) time.Duration { return time.Duration(d.chance() * float64(t)) }

func (d *dice) chance() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.random.Float64()
}

// fakeTable is a Table that commits.
type fakeTable struct {
	dice   *dice
	undone float64 // the chance of a commit to move the clock, and come to nothing

	mu        sync.Mutex
	clock     uint64
	rows      []message.Kept
	committed map[uint64]time.Time
	outages   [][2]time.Time
	reads     int
	stuck     bool // it does not answer until the caller has no more patience
}

// set changes the table.
func (f *fakeTable) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// asked is how often the table was read, or the clock.
func (f *fakeTable) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reads
}

var errDown = errors.New("the database is down")

func (f *fakeTable) commit(known uint64, batch ...message.Kept) (rows []message.Kept) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down(time.Now()) {
		return nil
	}
	previous := f.clock
	f.clock = max(f.clock, known)
	for f.dice.chance() < f.undone {
		f.clock++
		previous = f.clock
	}
	for _, row := range batch {
		f.clock++
		row.Position, row.Previous = f.clock, previous
		previous = f.clock
		rows = append(rows, row)
		f.committed[row.Position] = time.Now()
	}
	f.rows = append(f.rows, rows...)
	return rows
}

// lose is a failover to a database that lacks the latest rows.
func (f *fakeTable) lose(rows int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows = f.rows[:len(f.rows)-rows]
	f.clock = f.rows[len(f.rows)-1].Position
}

func (f *fakeTable) outage(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.outages = append(f.outages, [2]time.Time{time.Now(), time.Now().Add(d)})
}

func (f *fakeTable) down(at time.Time) bool {
	return slices.ContainsFunc(f.outages, func(o [2]time.Time) bool { return !at.Before(o[0]) && at.Before(o[1]) })
}

// upAt is when the database has last come back that was down when what was committed then was to be read, or the same time.
func (f *fakeTable) upAt(committed time.Time) time.Time {
	end := committed
	for _, o := range f.outages {
		if o[0].Before(end.Add(soon)) {
			end = later(end, o[1])
		}
	}
	return end
}

func (f *fakeTable) ask(ctx context.Context) error {
	time.Sleep(f.dice.upTo(20 * time.Millisecond))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	if f.stuck {
		f.mu.Unlock()
		<-ctx.Done()
		f.mu.Lock()
		return ctx.Err()
	}
	if f.down(time.Now()) {
		return errDown
	}
	return nil
}

func (f *fakeTable) Now(ctx context.Context) (uint64, error) {
	if err := f.ask(ctx); err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clock, nil
}

func (f *fakeTable) After(ctx context.Context, after uint64, limit int) (rows []message.Kept, through uint64, err error) {
	if err := f.ask(ctx); err != nil {
		return nil, 0, err
	}
	defer time.Sleep(f.dice.upTo(20 * time.Millisecond))
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, row := range f.rows {
		if row.Position > after {
			if rows = append(rows, row); len(rows) == limit {
				return rows, row.Position, nil
			}
		}
	}
	return rows, f.clock, nil
}

// fakeWire is what gateways hear each other by.
type fakeWire struct {
	dice        *dice
	delay       time.Duration
	loss, twice float64
	carrying    sync.WaitGroup

	mu       sync.Mutex
	gateways []*gateway
	gone     bool
	noticed  bool
}

func (w *fakeWire) setGone(gone, noticed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone, w.noticed = gone, noticed
}

func (w *fakeWire) away() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.noticed
}

func (w *fakeWire) publish(from *gateway, position, previous uint64, to message.Audience, event string, args []json.RawMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.gateways {
		if g == from {
			continue
		}
		for first := true; first || w.dice.chance() < w.twice; first = false {
			if w.gone || w.dice.chance() < w.loss {
				continue
			}
			w.carrying.Go(func() {
				time.Sleep(w.dice.upTo(w.delay))
				if g.isIn(to.Rooms[0]) {
					g.Heard([]Heard{{position, previous, to, event, args}})
				} else {
					g.Heard([]Heard{{position, previous, to, "", nil}})
				}
			})
		}
	}
}

// gateway is a Sequencer with clients that come and go.
type gateway struct {
	*Sequencer
	name    string
	cluster *cluster
	began   uint64
	sent    int

	mu      sync.Mutex
	in      map[string]bool // rooms with somebody in it
	telling bool
	told    []toldMessage
	acks    map[uint64]int
}

type toldMessage struct {
	position uint64
	event    string // empty: it passed by
	text     string
	at       time.Time
}

// join starts one more gateway, which commits about once in a while; never at 0.
func (c *cluster) join(o Options, every time.Duration) *gateway {
	c.t.Helper()
	g := &gateway{name: fmt.Sprint("gateway ", len(c.gateways)), cluster: c, in: map[string]bool{"a": true, "b": true}, acks: make(map[uint64]int)}
	o.Table, o.Local, o.Pass, o.Event, o.Away = c.table, g.local, g.pass, eventOf, c.wire.away
	o.Publish = func(position, previous uint64, to message.Audience, event string, args []json.RawMessage) {
		c.wire.publish(g, position, previous, to, event, args)
	}
	g.Sequencer = New(o)
	c.gateways = append(c.gateways, g)
	c.wire.mu.Lock()
	c.wire.gateways = append(c.wire.gateways, g)
	c.wire.mu.Unlock()
	for g.Start(c.t.Context()) != nil {
		time.Sleep(100 * time.Millisecond)
	}
	if every > 0 {
		c.sending.Go(func() { g.live(every) })
	}
	return g
}

// live commits batches, and has people come and go.
func (g *gateway) live(every time.Duration) {
	dice := g.cluster.table.dice
	for {
		select {
		case <-g.cluster.over:
			return
		case <-time.After(dice.upTo(2 * every)):
		}
		g.comeAndGo(dice)
		n := 1 + int(dice.chance()*dice.chance()*20)
		g.commit(make([]string, n)...)
	}
}

func (g *gateway) comeAndGo(dice *dice) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, room := range []string{"a", "b"} {
		if dice.chance() < 0.2 {
			g.in[room] = !g.in[room]
		}
	}
}

// commit sends messages as clients of this gateway would, and tells them once they are committed.
func (g *gateway) commit(texts ...string) (rows []message.Kept) {
	var batch []message.Kept
	for i, text := range texts {
		batch = append(batch, message.Kept{InRoom: string("ab"[i%2]), Text: text})
	}
	rows = g.cluster.table.commit(g.Known(), batch...)
	time.Sleep(g.cluster.table.dice.upTo(10 * time.Millisecond))
	for _, row := range rows {
		g.sent++
		g.tellRow(row)
	}
	return rows
}

func (g *gateway) tellRow(row message.Kept) {
	g.Tell(row.Stored, message.Audience{Rooms: []string{row.InRoom}}, "said", json.RawMessage(`"`+row.Text+`, in full"`), func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.acks[row.Position]++
		full := g.options.MaxWaiting < 100_000
		if !full && !slices.ContainsFunc(g.told, func(m toldMessage) bool { return m.position == row.Position }) {
			g.cluster.t.Errorf("%s acks %d before its room hears it", g.name, row.Position)
		}
	})
}

func eventOf(_ context.Context, row message.Kept) (to message.Audience, event string, args []json.RawMessage) {
	return message.Audience{Rooms: []string{row.InRoom}}, "said", []json.RawMessage{json.RawMessage(`"` + row.Text + `"`)}
}

// enters has somebody come into a room, or the last one leave it.
func (g *gateway) enters(room string, in bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.in[room] = in
}

// acked is how often senders were acked of a message, and all how many messages were told.
func (g *gateway) acked(position uint64) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.acks[position]
}

func (g *gateway) all() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.told)
}

func (g *gateway) isIn(room string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.in[room]
}

func (g *gateway) local(position uint64, to message.Audience, event string, args []json.RawMessage) {
	g.note(toldMessage{position, event, string(args[0]), time.Now()})
}

func (g *gateway) pass(position uint64, rooms []string, force bool) bool {
	if len(rooms) == 0 {
		g.began = position
		return true
	}
	if !force && g.isIn(rooms[0]) {
		return false
	}
	if force {
		g.cluster.t.Errorf("%s lets %d pass by whoever is there", g.name, position)
	}
	g.note(toldMessage{position: position, at: time.Now()})
	return true
}

func (g *gateway) note(m toldMessage) {
	g.mu.Lock()
	if g.telling {
		g.cluster.t.Errorf("%s tells two messages at a time", g.name)
	}
	g.telling = true
	g.mu.Unlock()
	runtime.Gosched()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.telling = false
	g.told = append(g.told, m)
}

// finish lets all that is committed come to an end, and closes the gateways.
func (c *cluster) finish() {
	close(c.over)
	c.sending.Wait()
	time.Sleep(6 * time.Second) // longer than any outage
	c.wire.carrying.Wait()
	for _, g := range c.gateways {
		g.Close(c.t.Context())
	}
}

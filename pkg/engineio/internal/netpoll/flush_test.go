package netpoll

import (
	"bytes"
	"net"
	"slices"
	"testing"
)

// ledger is a connection that takes all that is written to it, and notes whose it is.
type ledger struct {
	net.Conn
	name  string
	order *[]string
	got   []byte
	wrote func() // after each write, unless nil
}

func (l *ledger) Notify(func())               {}
func (l *ledger) TryRead([]byte) (int, error) { return 0, nil }

func (l *ledger) TryWrite(p []byte) (int, error) {
	*l.order = append(*l.order, l.name)
	l.got = append(l.got, p...)
	if l.wrote != nil {
		l.wrote()
	}
	return len(p), nil
}

// A hundred slow readers of large messages had everybody else wait until all of it was copied to the kernel.
func TestAQueueIsWritten64KiBAtATimeWhileOthersWait(t *testing.T) {
	t.Parallel()
	whole := bytes.Repeat([]byte("0123456789abcdef"), 3*flushBuffer/16)
	for name, batch := range map[string]frames{
		"many frames": slices.Collect(slices.Chunk(whole, flushBuffer/4)),
		"one frame":   {whole},
		"a frame that is split, and what follows": {whole[:10], whole[10 : 2*flushBuffer], whole[2*flushBuffer:]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var order []string
			p := New()
			defer p.Close()
			f := newFlusher(p)
			defer f.bell.close()
			conns := make(map[string]*ledger)
			for _, name := range []string{"large", "another", "small"} {
				l := &ledger{name: name, order: &order}
				e := &echo{}
				p.Init(&e.conn, l, e)
				conns[name] = l
				if e.queue.waiting = batch; name == "small" {
					e.queue.waiting = frames{[]byte("hello")}
				}
				f.add(&e.conn)
			}
			for f.turn() {
			}
			if i := slices.Index(order, "small"); i > 4 {
				t.Errorf("who has little is written after %d writes for others: %q", i, order)
			}
			if n := len(order); n > 9 {
				t.Errorf("%d writes: %q", n, order)
			}
			for _, name := range []string{"large", "another"} {
				if !bytes.Equal(conns[name].got, whole) {
					t.Errorf("%s got something else", name)
				}
			}
		})
	}
}

// crowdOfMuch is a flusher that has to write a large message to each of a hundred.
func crowdOfMuch(p *Poller, order *[]string, wrote func()) *flusher {
	f := newFlusher(p)
	for range 100 {
		e := &echo{}
		p.Init(&e.conn, &ledger{name: "much", order: order, wrote: wrote}, e)
		e.queue.waiting = frames{make([]byte, 60_000)}
		f.add(&e.conn)
	}
	return f
}

// All of a busy room with large messages was written before an answer to somebody else.
func TestAnAnswerWaitsForAShareOfALargeRoomOnly(t *testing.T) {
	t.Parallel()
	p := New()
	defer p.Close()
	var order []string
	var f *flusher
	honest := &echo{}
	p.Init(&honest.conn, &ledger{name: "honest", order: &order}, honest)
	honest.queue.waiting = frames{[]byte("ack")}
	f = crowdOfMuch(p, &order, func() {
		if len(order) == 10 { // it comes meanwhile
			f.add(&honest.conn)
		}
	})
	defer f.bell.close()
	for f.turn() {
	}
	if len(order) != 101 {
		t.Fatalf("%d writes for 101 connections", len(order))
	}
	if i := slices.Index(order, "honest"); i > 10+bulkShare/60_000+1 {
		t.Errorf("an answer that came after 10 writes was the %dth", i+1)
	}
}

func TestWhileMuchIsWrittenOthersRun(t *testing.T) {
	t.Parallel()
	p := New()
	defer p.Close()
	var order []string
	f := crowdOfMuch(p, &order, func() {})
	defer f.bell.close()
	most, since := 0, 0
	f.letOthersRun = func() { most, since = max(most, len(order)-since), len(order) }
	for f.turn() {
		f.slice.began.Store(0) // the time is over each time around
	}
	if since == 0 || most > bulkShare/60_000+1 {
		t.Errorf("others ran after %d writes at the latest, and last after %d of %d", most, since, len(order))
	}
}

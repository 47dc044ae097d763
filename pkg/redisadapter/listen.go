package redisadapter

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/pkg/socketio"
)

// incoming is what was heard and waits to be told.
type incoming struct{ subscribed, channel, payload string }

const (
	// maxErrands is how many tasks of other servers wait that may take long, and maxAsking how many broadcasts of theirs that
	// clients have not all acked.
	maxErrands = 1000
	maxAsking  = 1000
)

// heard is called by the connection, which must not wait: it answers pings.
func (a *Adapter) heard(subscribed, channel, payload string) {
	switch {
	case subscribed == a.beat.at.name:
		a.beat.heard(payload)
	case len(payload) > a.options.MaxMessage:
		a.options.Observer.Dropped(InUnreadable, 1)
	case !a.in.add(incoming{subscribed, channel, payload}, len(channel)+len(payload)):
		a.options.Observer.Dropped(InFull, 1)
	}
}

// listen tells what was heard, in the order in which it was.
func (a *Adapter) listen(ctx context.Context) {
	var batch []incoming
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.in.more:
		}
		batch = a.in.take(batch)
		for _, in := range batch {
			a.hear(in)
		}
		clear(batch)
	}
}

func (a *Adapter) hear(in incoming) {
	ns := a.route(in.subscribed)
	if ns == nil || a.wire.isAnswer(ns.Name(), in.channel) && !a.questions.any() {
		return // the namespace was closed meanwhile, or it is the answer to somebody else
	}
	payload := []byte(in.payload)
	if a.seal.isOwn(payload) {
		return
	}
	payload, err := a.seal.openNew(&a.before, a.way(in.channel), in.channel, payload)
	if err != nil {
		a.options.Observer.Dropped(InUnsealed, 1)
		return
	}
	if strings.HasPrefix(in.channel, a.bundled) {
		text := in.payload
		if a.seal != nil {
			text = string(payload)
		}
		a.hearBundle(ns, text, payload)
		return
	}
	if a.wire.isOwn(ns.Name(), payload) {
		return
	}
	room, o := a.wire.glance(ns.Name(), in.channel, payload)
	if room != "" && !ns.Occupied(room) {
		if o != nil && a.options.Kept != nil {
			a.options.Kept(ns, []Kept{{To: socketio.Target{Rooms: []string{room}, Offset: o.position}, Previous: o.previous}})
		}
		return
	}
	m, err := a.wire.decode(ns.Name(), in.channel, payload)
	if err != nil {
		a.options.Observer.Dropped(InUnreadable, 1)
		return
	}
	if m.uid != a.wire.name() {
		a.apply(ns, &m)
	}
}

// way is where what a server publishes keeps its order: on one connection, and in Redis Cluster in one slot.
func (a *Adapter) way(channel string) string {
	if a.client.Mode() == rueidis.ClientModeCluster {
		return channel
	}
	return ""
}

// apply does what another server says.
func (a *Adapter) apply(ns *socketio.Namespace, m *message) {
	local := ns.Local(m.to)
	switch m.kind {
	case broadcast:
		a.tell(ns, m)
	case join:
		local.Join(m.rooms...)
		a.acknowledge(ns, m)
	case leave:
		local.Leave(m.rooms...)
		a.acknowledge(ns, m)
	case disconnect: // runs handlers
		a.errand(func() {
			local.Disconnect(m.closes)
			a.acknowledge(ns, m)
		})
	case serverEvent:
		a.errand(func() { a.serverEvent(ns, m) })
	case askRooms:
		a.errand(func() { a.reply(ns, m, message{kind: someRooms, rooms: ns.Rooms()}) })
	case askSockets, askIDs:
		a.errand(func() { a.describe(ns, m) })
	default:
		if m.kind.isAnswer() && !a.questions.answer(*m) {
			a.options.Observer.Dropped(InFull, 1)
		}
	}
}

// run does errands: what may take long, or call back what hears.
func (a *Adapter) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-a.errands:
			f()
		}
	}
}

func (a *Adapter) errand(f func()) {
	select {
	case a.errands <- f:
	default:
		a.options.Observer.Dropped(InBusy, 1)
	}
}

func (a *Adapter) reply(ns *socketio.Namespace, question *message, answer message) {
	answer.request, answer.asker = question.request, question.asker
	a.send(ns, answer)
}

// acknowledge tells official servers before version 7 that a request was done: they ask for that.
func (a *Adapter) acknowledge(ns *socketio.Namespace, m *message) {
	if m.request != "" {
		a.reply(ns, m, message{kind: done})
	}
}

func (a *Adapter) tell(ns *socketio.Namespace, m *message) {
	if m.request != "" {
		a.collect(ns, m)
		return
	}
	if m.order != nil {
		m.to.Offset, m.to.Volatile = m.order.position, false
		if a.options.Kept != nil {
			a.options.Kept(ns, []Kept{{To: m.to, Previous: m.order.previous, Event: m.event, Args: m.args}})
			return
		}
	}
	if ns.Local(m.to).EmitJSON(m.event, m.args) != nil {
		a.options.Observer.Dropped(InUnreadable, 1)
	}
}

func values(args []json.RawMessage) []any {
	list := make([]any, len(args))
	for i, arg := range args {
		list[i] = arg
	}
	return list
}

// collect tells a broadcast of another server that wants its acks, and sends each ack to that server.
func (a *Adapter) collect(ns *socketio.Namespace, m *message) {
	select {
	case a.asking <- struct{}{}:
	default:
		a.options.Observer.Dropped(InBusy, 1)
		return
	}
	var acked atomic.Int64
	all := make(chan struct{})
	m.to.Volatile = false
	clients, forget, err := ns.Local(m.to).Ask(m.event, values(m.args), func(ack json.RawMessage, ok bool) {
		if ok {
			a.reply(ns, m, message{kind: clientAck, ack: ack})
		}
		if acked.Add(1) == 0 {
			close(all)
		}
	})
	if err != nil {
		a.options.Observer.Dropped(InUnreadable, 1)
		forget = func() {}
	}
	a.reply(ns, m, message{kind: clientCount, clients: clients})
	if acked.Add(-int64(clients)) == 0 && clients > 0 || clients == 0 {
		<-a.asking
		forget()
		return
	}
	if m.within == 0 {
		m.within = a.options.RequestTimeout
	}
	a.waitForAcks(m.within, all, forget)
}

func (a *Adapter) waitForAcks(within time.Duration, all <-chan struct{}, forget func()) {
	a.running.Go(func() {
		defer func() { <-a.asking }()
		defer forget()
		select {
		case <-all:
		case <-a.stopped:
		case <-time.After(within):
		}
	})
}

func (a *Adapter) serverEvent(ns *socketio.Namespace, m *message) {
	var ack func(json.RawMessage)
	if m.request != "" {
		var once atomic.Bool
		ack = func(answer json.RawMessage) {
			if once.CompareAndSwap(false, true) {
				a.reply(ns, m, message{kind: serverAck, ack: orNull(answer)})
			}
		}
	}
	switch {
	case a.options.ServerEvent != nil:
		a.options.ServerEvent(ns, m.event, m.args, ack)
	case ack != nil: // an official server waits for all
		ack(nil)
	}
}

// describe answers which sockets are here.
func (a *Adapter) describe(ns *socketio.Namespace, m *message) {
	sockets, _ := ns.Local(m.to).Sockets(context.Background()) // only others would have to be waited for
	if m.kind == askSockets {
		a.reply(ns, m, message{kind: someSockets, sockets: sockets})
		return
	}
	ids := make([]string, len(sockets))
	for i, s := range sockets {
		ids[i] = s.ID
	}
	a.reply(ns, m, message{kind: someIDs, rooms: ids})
}

package engineio

import (
	"slices"
	"sync"
)

// outbox holds what a session has to send, and knows whether somebody is writing it. Session.mu guards it.
//
// The writing side has one owner at a time: a flush loop, a goroutine that writes blocking, or the GETs of a
// client that polls. Enqueue gives it away when nobody has it, and tells the caller to wake the carrier. The
// owner takes batches, settles them, and keeps the writing side until more finds nothing waiting.
type outbox struct {
	waiting *batch      // nil when nothing waits; then somebody may still be writing
	cost    int         // of what waits and of what is being written, but for what is large
	large   *largeSends // of these two; nil is none
	writing bool        // the writing side has an owner, who will come for what waits
}

// batch is a run of packets in the order they were sent. It is a netpoll.Batch.
type batch struct {
	packets []*Packet
	cost    int // of all packets, see Packet.Len, but for those of large Sends
	large   int // Sends that are
}

func (b *batch) Len() int           { return len(b.packets) }
func (b *batch) Frame(i int) []byte { return b.packets[i].frame }

var batches = sync.Pool{New: func() any { return &batch{packets: make([]*Packet, 0, 16)} }}

// maxKeptBatch is how many packets a batch may have room for to be used again.
const maxKeptBatch = 1024

func (b *batch) free() {
	if cap(b.packets) > maxKeptBatch {
		return
	}
	clear(b.packets)
	b.packets, b.cost, b.large = b.packets[:0], 0, 0
	batches.Put(b)
}

// enqueue reports whether nobody writes yet, and the caller has to wake the carrier.
func (o *outbox) enqueue(packets []*Packet) (wake bool) {
	if o.waiting == nil {
		o.waiting = batches.Get().(*batch)
	}
	o.waiting.packets = append(o.waiting.packets, packets...)
	for _, p := range packets {
		o.waiting.cost += p.Len()
		o.cost += p.Len()
	}
	wake = !o.writing
	o.writing = true
	return wake
}

// take hands what waits to the owner of the writing side; nil when nothing does.
func (o *outbox) take() *batch {
	b := o.waiting
	o.waiting = nil
	return b
}

// leave has the last packet of a batch wait, if it is one of these and others are before it.
func (o *outbox) leave(b *batch, these ...*Packet) {
	if b == nil || len(b.packets) < 2 || !slices.Contains(these, b.packets[len(b.packets)-1]) {
		return
	}
	last := b.packets[len(b.packets)-1]
	b.packets, b.cost = b.packets[:len(b.packets)-1], b.cost-last.Len()
	o.waiting = batches.Get().(*batch)
	o.waiting.packets, o.waiting.cost = append(o.waiting.packets, last), last.Len()
}

// settle takes a batch back that was written, and reports what more does.
func (o *outbox) settle(b *batch) bool {
	o.written(b.cost, b.large)
	b.free()
	return o.more()
}

// written is told what does not wait any more: of a batch, its cost and its large Sends.
func (o *outbox) written(cost, large int) {
	o.cost -= cost
	if o.large == nil || large == 0 {
		return
	}
	if o.large.written(large); len(o.large.waits) == 0 {
		o.large = nil
	}
}

// more reports whether something waits for the owner of the writing side. If not, the owner has given it up.
func (o *outbox) more() bool {
	o.writing = o.waiting != nil
	return o.writing
}

// idle reports whether what is enqueued now waits for nothing that was enqueued before.
func (o *outbox) idle() bool { return o.waiting == nil && !o.writing }

// drop forgets what waits. Nobody enqueues after it.
func (o *outbox) drop() {
	if b := o.take(); b != nil {
		b.free()
	}
	if o.large != nil { // whoever is writing one still keeps it for a moment
		o.large.written(len(o.large.waits))
		o.large = nil
	}
}

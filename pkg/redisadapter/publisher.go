package redisadapter

import (
	"context"
	"slices"
	"time"

	"github.com/redis/rueidis"
)

// outgoing is a message that waits to be published.
type outgoing struct {
	ns      string
	message message
	beat    uint64 // not zero: it is a beat, and this its number
}

// publication is what Redis is to be given, and the beat that it is, if any.
type publication struct {
	channel string
	payload []byte
	beat    uint64
}

// Bounds of what is published at a time. A batch that Redis has not taken by then is given up.
const (
	publishMost   = 1000
	publishWithin = 2 * time.Second
)

// publisher sends what is queued. It belongs to one goroutine.
type publisher struct {
	*Adapter
	solitude solitude
	taken    []outgoing
}

// publish sends all that has gathered since its last pass together, until there will be nothing more.
func (a *Adapter) publish() {
	defer close(a.flushed)
	p := publisher{Adapter: a}
	for {
		select {
		case <-a.out.more:
			p.publishAll()
			p.gather()
		case <-a.flush:
			p.publishAll()
			return
		}
	}
}

func (p *publisher) publishAll() {
	p.taken = p.out.take(p.taken)
	for some := range slices.Chunk(p.taken, publishMost) {
		p.publishSome(some)
	}
	clear(p.taken)
}

func (p *publisher) publishSome(some []outgoing) {
	ctx, cancel := context.WithTimeout(context.Background(), publishWithin)
	defer cancel()
	publications := p.encode(some, p.isAlone(ctx, some))
	commands := make([]rueidis.Completed, len(publications))
	for i, one := range publications {
		commands[i] = p.command(one)
	}
	failed := 0
	for i, result := range p.client.DoMulti(ctx, commands...) {
		switch beat := publications[i].beat; {
		case result.Error() != nil:
			failed++
		case beat != 0:
			p.beat.published(beat)
			p.look(ctx)
		}
	}
	if failed > 0 {
		p.options.Observer.Dropped(OutFailed, failed)
	}
}

// encode makes of messages what is published: of beats alone where nobody else would hear.
func (p *publisher) encode(some []outgoing, alone bool) []publication {
	var publications []publication
	if !alone {
		publications = make([]publication, 0, len(some))
	}
	for i := range some {
		switch o := &some[i]; {
		case o.beat != 0:
			publications = append(publications, publication{p.beat.at.name, beatPayload(o.beat), o.beat})
		case alone:
		default:
			channel, payload, err := p.wire.encode(o.ns, &o.message)
			if err != nil {
				p.options.Observer.Dropped(OutInvalid, 1)
				continue
			}
			publications = append(publications, publication{channel: channel, payload: p.seal.close(channel, payload)})
		}
	}
	return publications
}

// command goes to the node that has the channel's slot, in a cluster with either wire: one node keeps the order.
func (p *publisher) command(one publication) rueidis.Completed {
	payload := rueidis.BinaryString(one.payload)
	if p.subscriber.shards {
		return p.client.B().Spublish().Channel(one.channel).Message(payload).Build()
	}
	return p.client.B().Arbitrary("PUBLISH").Keys(one.channel).Args(payload).Build()
}

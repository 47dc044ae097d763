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

// publication is what Redis is to be given, and the beat or the events that it is, if any.
type publication struct {
	channel string
	payload []byte
	beat    uint64
	bundle  []outgoing
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
	kin      kinship
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
	ctx, cancel := context.WithTimeout(p.life, publishWithin)
	defer cancel()
	if again := p.hand(ctx, p.encode(some, p.isAlone(ctx, some))); len(again) > 0 {
		p.kin.likely = false
		p.hand(ctx, p.encode(again, false))
	}
}

// hand gives Redis what is published. It returns the events that it took in bundles, unless all who heard them understand these.
func (p *publisher) hand(ctx context.Context, publications []publication) (again []outgoing) {
	commands := make([]rueidis.Completed, len(publications), len(publications)+1)
	for i, one := range publications {
		commands[i] = p.command(one)
	}
	census, asked := p.census(publications)
	if asked {
		commands = append(commands, census)
	}
	results := p.client.DoMulti(ctx, commands...)
	failed, beats := 0, false
	var bundled []outgoing
	for i, one := range publications {
		err := results[i].Error()
		if one.beat != 0 {
			p.beat.published(one.beat, err)
			beats = beats || err == nil
		}
		if err != nil {
			failed += max(1, len(one.bundle))
			continue
		}
		bundled = append(bundled, one.bundle...)
	}
	if failed > 0 {
		p.options.Observer.Dropped(OutFailed, failed)
	}
	if asked && !p.areKin(results[len(publications)], bundled) {
		again = bundled
	} else if len(bundled) > 0 {
		p.options.Observer.Bundled(len(bundled))
	}
	if beats {
		p.look(ctx)
	}
	return again
}

// encode makes of messages what is published: of beats alone where nobody else would hear.
func (p *publisher) encode(some []outgoing, alone bool) []publication {
	var publications []publication
	if !alone {
		publications = make([]publication, 0, len(some))
	}
	for n := 0; len(some) > 0; some = some[max(1, n):] {
		n = 0
		switch o := &some[0]; {
		case o.beat != 0:
			publications = append(publications, publication{channel: p.beat.at.name, payload: beatPayload(o.beat), beat: o.beat})
		case alone:
		default:
			if n = p.bundle(some); n > 0 {
				publications = append(publications, p.bundled(some[:n]))
				continue
			}
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

// bundled makes one publication of events.
func (p *publisher) bundled(events []outgoing) publication {
	size := 0
	for i := range events {
		size += events[i].message.size() - messageOverhead + leastEvent + 8
	}
	channel := p.options.bundles(events[0].ns)
	payload := appendBundle(make([]byte, 0, size+64), p.wire.name(), events)
	return publication{channel: channel, payload: p.seal.close(channel, payload), bundle: events}
}

// command goes to the node that has the channel's slot, in a cluster with either wire: one node keeps the order.
func (p *publisher) command(one publication) rueidis.Completed {
	payload := rueidis.BinaryString(one.payload)
	if p.subscriber.shards {
		return p.client.B().Spublish().Channel(one.channel).Message(payload).Build()
	}
	return p.client.B().Arbitrary("PUBLISH").Keys(one.channel).Args(payload).Build()
}

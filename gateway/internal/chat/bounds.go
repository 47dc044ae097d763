package chat

import (
	"fmt"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
)

// fits bounds what one sender puts into the queues of a whole room, by size and by rate, and returns why an
// event of that size is too much. What fits is charged to the sender.
func (c *Chat) fits(size int, m *member) (refusal contract.Answer) {
	limit := c.options.MaxEvent
	switch {
	case limit == 0:
		return nil
	case size+c.keys.RowSize() > limit:
		return contract.Failure{Code: contract.TooLarge, Text: fmt.Sprintf("the message is too large, at most %d bytes fit", limit)}
	case c.options.RateLimit > 0 && !c.affordsBytes(m, float64(size), float64(limit)):
		return contract.Failure{Code: contract.RateLimited, Text: "too much at once, slow down"}
	}
	return nil
}

func (c *Chat) affordsBytes(m *member, size, limit float64) bool {
	now := time.Now()
	return c.within(limitBytes, ofConnection, m.bytes.take(now, size, limit/2, limit)) &&
		c.within(limitBytes, ofUser, m.user.take(limitBytes, now, size, c.share*limit/2, c.share*limit))
}

// cheapRelay is how many sockets of a room one relay reaches at its plain price. In larger rooms it
// costs in proportion, so that all of a room typing at once cost n deliveries, and not n².
const cheapRelay = 100

// personalRelay is the price of a relay to one person: a call has some forty candidates for its way, all at once.
const personalRelay = 0.25

// affordsRelay charges the sender for a relay to everybody in the room, or to one person. A start and its end always fit
// one after the other.
func (c *Chat) affordsRelay(m *member, to place) bool {
	rate := c.options.RelayRate
	cost := personalRelay
	if to.receiver == "" {
		cost = max(1, float64(c.rosters.Sockets(to.room))/cheapRelay)
	}
	now, of := time.Now(), c.share*rate
	return c.within(limitRelays, ofConnection, m.relays.take(now, cost, rate, 2*max(rate, cost))) &&
		c.within(limitRelays, ofUser, m.user.take(limitRelays, now, cost, of, 2*max(of, cost)))
}

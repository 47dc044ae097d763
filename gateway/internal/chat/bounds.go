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
	case c.options.RateLimit > 0 && !m.bytes.take(time.Now(), float64(size), float64(limit)/2, float64(limit)):
		return contract.Failure{Code: contract.RateLimited, Text: "too much at once, slow down"}
	}
	return nil
}

// cheapRelay is how many sockets of a room one relay reaches at its plain price. In larger rooms it
// costs in proportion, so that all of a room typing at once cost n deliveries, and not n².
const cheapRelay = 100

// affordsRelay charges the sender for a relay to everybody in the room. A start and its end always fit
// one after the other.
func (c *Chat) affordsRelay(m *member, room string) bool {
	rate := c.options.RelayRate
	cost := max(1, float64(c.rosters.Sockets(room))/cheapRelay)
	return m.relays.take(time.Now(), cost, rate, 2*max(rate, cost))
}

package store

import (
	"maps"
	"time"
)

// roomClock gives each message a time in whole milliseconds, UTC, later than that of every earlier message
// of its room, or between the same two people. It never goes back, even when the system's clock does. It belongs to the committer.
type roomClock struct {
	now  int64            // the latest reading, Unix ms
	last map[string]int64 // conversations whose last time may still tie with a new one
}

func (c *roomClock) stamp(batch []*entry, now time.Time) {
	c.now = max(c.now, now.UnixMilli())
	if c.last == nil {
		c.last = make(map[string]int64)
	}
	maps.DeleteFunc(c.last, func(_ string, last int64) bool { return last < c.now })
	for _, e := range batch {
		at := c.now
		if last, tied := c.last[e.conversation()]; tied {
			at = last + 1
		}
		c.last[e.conversation()] = at
		e.stored.CreatedAt = time.UnixMilli(at).UTC()
	}
}

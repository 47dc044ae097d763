package chat

import "time"

// limit is what is counted against a sender.
type limit int

const (
	limitEvents limit = iota
	limitJoins        // and with them the look-ups of who may
	limitBytes        // broadcast
	limitRelays
	limitLists // that only the asker is told, in bytes
	limits
)

var limitNames = [limits]string{"events", "joins", "bytes", "relays", "lists"}

// Whose limit it is.
const (
	ofConnection = "connection"
	ofUser       = "user"
)

// userShare is how many times as much as one connection a user may. 0 means no limit.
func userShare(o Options) float64 {
	if o.RateLimit == 0 || o.UserRate == 0 {
		return 0
	}
	return max(1, o.UserRate/o.RateLimit)
}

// within counts what is not within a limit.
func (c *Chat) within(l limit, of string, ok bool) bool {
	if !ok {
		c.options.Observer.Limited(limitNames[l], of)
	}
	return ok
}

// affordsJoin charges a user for a join. At once a user may join as many rooms as all of the user's sockets may send events, which is for a
// page that loads. Whoever goes on joining has the rate of one connection, since each join may ask the database.
func (c *Chat) affordsJoin(m *member) bool { return c.affordsJoins(m.user, 1) }

func (c *Chat) affordsJoins(u *user, n int) bool {
	rate := c.options.RateLimit
	return c.within(limitJoins, ofUser, u.take(limitJoins, time.Now(), float64(n), rate, 2*c.share*rate))
}

// What lists that only the asker is told may cost one user, in bytes. At once it is 150 lists of 1,000 people, for a page that
// comes back into all its rooms; then 5 of them a second.
const (
	listsAtOnce    = 8 << 20
	listsPerSecond = 256 << 10
)

// affordsList tells whether a user may be told a list, whose size is known once it has been made. chargeList charges it then.
func (c *Chat) affordsList(m *member) bool {
	return c.within(limitLists, ofUser, m.user.take(limitLists, time.Now(), 0, listsPerSecond, listsAtOnce))
}

func (c *Chat) chargeList(m *member, bytes int) {
	m.user.take(limitLists, time.Now(), float64(bytes), listsPerSecond, 2*listsAtOnce) // overdrawn, by one list for each socket
	c.options.Observer.ListTold(bytes)
}

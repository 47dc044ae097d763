package netpoll

import "time"

// readable is ready where a read would find something, or the end.
func (c *Conn) readable() {
	c.unread.Store(true)
	c.ready()
}

// ready has a worker attend to the connection: it has bytes to read, or its owner has something to say to
// its reader. It returns at once.
func (c *Conn) ready() {
	if c.attention.Add(1) == 1 {
		c.poller().workers.do(c)
	}
}

// attend is called on a worker. It looks again if ready was called meanwhile. Dear says that it may have taken long.
func (c *Conn) attend() (dear bool) {
	crowd, over := c.Crowd(), time.Now().Add(longTurn)
	for until := over; ; until = time.Now().Add(longTurn) {
		seen := c.attention.Load()
		switch c.hear(until) {
		case gone:
			c.owner.Gone()
			return true // nobody comes again: attention is not zero
		case busy:
			if time.Now().After(until) {
				time.Sleep(pause)
			}
			c.poller().workers.goOn(c)
			return true
		case exhausted:
			dear = true
		}
		if c.attention.CompareAndSwap(seen, 0) {
			return dear
		}
		now := time.Now()
		if c.Crowd() != crowd || now.After(over) { // it waits among others, or once more
			c.poller().workers.do(c)
			return dear || now.After(over)
		}
	}
}

// run is the goroutine of a connection that is not watched.
func (c *Conn) run() {
	c.hear(time.Time{})
	c.owner.Gone()
}

// fairShare is how many reads a watched connection has before others have their turn.
const fairShare = 16

// longTurn is when the turn of a client ends whose bytes make much work, as thousands of tiny frames do; large messages
// take less. Such a client pauses: the runtime looks for new events only when nothing else is to be done, or every 10 ms, and
// all others would wait that long behind it.
const (
	longTurn = 250 * time.Microsecond
	pause    = 50 * time.Microsecond // the runtime makes it up to 1 ms
)

// hearing is how listening to a connection has ended, for now or for good.
type hearing uint8

const (
	silent    hearing = iota // there is nothing more at the moment
	exhausted                // the same, and there was much
	busy                     // there may be more, but it's the turn of others
	gone                     // nothing will come any more
)

// hear hands the owner what comes, until nothing does, the connection has had its share of reads, or a time has come. For a
// connection that is not watched it returns at its end only.
func (c *Conn) hear(until time.Time) hearing {
	r := borrowReading()
	defer r.giveBack()
	watched := c.watched.Load()
	for reads := 0; !watched || reads < fairShare && time.Now().Before(until); reads++ {
		if !c.owner.Listening() {
			return gone
		}
		if watched && (c.paused.Load() || !c.unread.Load()) {
			return quiet(reads)
		}
		if watched {
			c.unread.Store(false) // before: what comes now is told anew
			c.tryRead(r)
		} else {
			c.readBlocking(r)
		}
		switch {
		case r.n > 0:
			c.owner.Received(r.buffer[:r.n])
			if watched && r.err == nil && r.n < readSize && !c.readsOn.Load() {
				return quiet(reads) // a short read has emptied the socket, epoll(7)
			}
		case r.err == nil:
			return silent
		case !c.owner.ReadFailed():
			return gone
		}
		c.unread.Store(true)
	}
	return busy
}

// quiet is how listening ends after so many reads before the last, when nothing more is to be read at the moment.
func quiet(reads int) hearing {
	if reads > 0 {
		return exhausted
	}
	return silent
}

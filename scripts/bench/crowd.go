//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// crowd is all clients, played by one goroutine: whoever calls its methods. Clients react while run runs, and only
// then, so that nothing needs a lock.
type crowd struct {
	clients []client
	ctx     context.Context // ends the run early
	servers []endpoint
	apart   bool // servers make an order each, instead of one for all

	joinAtOnce bool   // who has connected joins their room, as apps do, and has finished then
	event      string // what clients say, instead of send_message
	bare       bool   // the server is the bare writer: no handshake, and what it sends becomes known when it is heard

	epoll   int
	events  []syscall.EpollEvent
	scratch []byte // what is read, one client after the other
	out     []byte // what is written

	finished int // clients that have done the present step
	failed   int
	failure  error // the first
	bytes    int   // received, in all

	rooms     []*ledger
	tally     tally
	latencies latencies // recorded while not nil
	readAt    int64     // Unix time in nanoseconds of the last read, if latencies are recorded
	spoken    int       // messages of those who wait for acks
	acks      int       // of messages
	errors    int       // negative acks and error events

	// Called for a sender: when it hears itself, when all of its room have heard it, and when it gets its ack.
	heardSelf  func(*client) error
	heardByAll func(*client) error
	acked      func(*client) error

	final   members // what everybody should know in the end
	holders int     // clients that know it
}

// endpoint is where a server listens.
type endpoint struct {
	address string // 127.0.0.1:port
	syscall.SockaddrInet4
}

func endpoints(ports []int) (all []endpoint) {
	for _, port := range ports {
		all = append(all, endpoint{fmt.Sprintf("127.0.0.1:%d", port), syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}})
	}
	return all
}

// newCrowd makes the clients of one server or several, at most maxServers.
func newCrowd(ctx context.Context, users []user, ports ...int) (*crowd, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make epoll: %w", err)
	}
	c := &crowd{
		clients: make([]client, len(users)),
		ctx:     ctx,
		servers: endpoints(ports),
		epoll:   epoll,
		events:  make([]syscall.EpollEvent, 1024),
		scratch: make([]byte, 256<<10),
	}
	for i := range c.clients {
		c.clients[i] = client{crowd: c, index: i, user: users[i], fd: -1, sender: -1}
	}
	return c, nil
}

// serverOf returns which server is a client's: the members of each room are at all of them, by turns.
func (c *crowd) serverOf(cl *client) int { return cl.index / max(1, len(c.rooms)) % len(c.servers) }

// close hangs up on the server, for all.
func (c *crowd) close() {
	for i := range c.clients {
		c.clients[i].hangUp()
	}
	_ = syscall.Close(c.epoll)
}

// run lets the clients react until done says so, at most until a time. It reports what done said last.
func (c *crowd) run(until time.Time, done func() bool) (bool, error) {
	for {
		if done() {
			return true, nil
		}
		left := time.Until(until)
		if left <= 0 {
			return false, nil
		}
		if err := c.react(left); err != nil {
			return false, err
		}
	}
}

// idle lets the clients react for a while.
func (c *crowd) idle(d time.Duration) error {
	_, err := c.run(time.Now().Add(d), func() bool { return false })
	return err
}

// react waits for anything to happen and lets the clients concerned deal with it.
func (c *crowd) react(atMost time.Duration) error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	// The last part of a millisecond is spent asking again, so that what is due is done on time.
	n, err := syscall.EpollWait(c.epoll, c.events, int(atMost/time.Millisecond))
	if err != nil && !errors.Is(err, syscall.EINTR) {
		return fmt.Errorf("wait for the clients: %w", err)
	}
	for _, event := range c.events[:max(n, 0)] {
		cl := &c.clients[event.Fd]
		if cl.life != event.Pad {
			continue // it has hung up since
		}
		if err := cl.ready(event.Events); err != nil {
			cl.hangUp()
			c.failed++
			if c.failure == nil {
				c.failure = fmt.Errorf("client %d (%s): %w", cl.index, cl.stage, err)
			}
		}
	}
	return nil
}

// all has every client do one step, at most so many at a time (0: all at once). Those that fail are counted.
func (c *crowd) all(step string, atOnce int, within time.Duration, begin func(*client) error) error {
	c.finished, c.failed, c.failure = 0, 0, nil
	deadline := time.Now().Add(within)
	for i := range c.clients {
		free := func() bool { return atOnce == 0 || i-c.finished-c.failed < atOnce }
		if ok, err := c.run(deadline, free); err != nil || !ok {
			return errors.Join(err, c.incomplete(step, within))
		}
		if err := begin(&c.clients[i]); err != nil {
			return fmt.Errorf("%s: client %d: %w", step, i, err)
		}
		if i%64 == 0 {
			if err := c.react(0); err != nil {
				return err
			}
		}
	}
	_, err := c.run(deadline, func() bool { return c.finished+c.failed == len(c.clients) })
	if err != nil || c.finished < len(c.clients) {
		return errors.Join(err, c.incomplete(step, within))
	}
	return nil
}

// errIncomplete: a step was not done by all.
var errIncomplete = errors.New("not everybody got there")

func (c *crowd) incomplete(step string, within time.Duration) error {
	err := fmt.Errorf("%s: %w: %d of %d within %v, %d failed", step, errIncomplete, c.finished, len(c.clients), within, c.failed)
	if c.failure != nil {
		err = fmt.Errorf("%w, the first: %w", err, c.failure)
	}
	return err
}

// enter puts every client into a room of the load's own books, round robin, and makes the first of each room its
// senders. Nothing has been sent or heard then.
func (c *crowd) enter(rooms, senders int) {
	c.rooms = make([]*ledger, rooms)
	for i := range c.rooms {
		c.rooms[i] = &ledger{}
	}
	for i := range c.clients {
		cl := &c.clients[i]
		cl.room, cl.hearing, cl.sender = i%rooms, hearing{}, -1
		if place := i / rooms; place < senders {
			cl.sender = place
		}
		if c.apart {
			cl.hearing.order = c.serverOf(cl)
		}
	}
	c.tally, c.spoken, c.acks, c.errors = tally{}, 0, 0, 0
	c.heardSelf, c.heardByAll, c.acked = nil, nil, nil
}

// settle waits until everything that was sent has been heard by all, listens a while longer for what should not come,
// and counts what is lost.
func (c *crowd) settle(within time.Duration) error {
	due := c.due()
	_, err := c.run(time.Now().Add(within), func() bool { return c.tally.deliveries >= due })
	if err == nil {
		err = c.idle(time.Second)
	}
	c.tally.lost = 0
	for i := range c.clients {
		cl := &c.clients[i]
		c.tally.lost += cl.hearing.lost(c.rooms[cl.room])
	}
	return err
}

// due returns how many deliveries there must be in all.
func (c *crowd) due() int {
	total := 0
	for i, room := range c.rooms {
		for _, sent := range room.sent {
			total += c.membersOf(i) * int(sent)
		}
	}
	return total
}

func (c *crowd) membersOf(room int) int {
	return (len(c.clients) - room + len(c.rooms) - 1) / len(c.rooms)
}

// heardByOne counts who has heard the last message of a sender.
func (c *crowd) heardByOne(room int, sender uint8) error {
	heard := &c.rooms[room].heard[sender]
	if *heard++; *heard < c.membersOf(room) {
		return nil
	}
	*heard = 0
	return c.heardByAll(&c.clients[int(sender)*len(c.rooms)+room])
}

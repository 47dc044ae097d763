package chat

import (
	"encoding/json"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/presence"
	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Up to so many comings and goings in a step are told one by one, and up to so many bytes, or as many bytes as the list has. If there are
// more, everybody gets the list.
const (
	maxComings = 1000
	fewComings = 16 << 10
)

// online tells everybody who is online. Its list is kept like that of a room, which has steps and a budget: in each step those who have come
// are told the whole list, and everybody else who has come and gone.
type online struct {
	told map[string]*contract.Person // who everybody knows to be there; only announceOnline uses it

	mu   lockorder.Mutex[online]
	came []string // the sockets that wait for a list, by id
}

func (o *online) wait(socket string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.came = append(o.came, socket)
}

func (o *online) take() (sockets []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	sockets, o.came = o.came, nil
	return sockets
}

func (c *Chat) tellsOnline() bool { return c.options.OnlineEvent != "" }

// listsOnline tells whether anybody is told who is online, or may ask.
func (c *Chat) listsOnline() bool { return c.tellsOnline() || c.options.WebApp }

// tellsComings tells whether there is an event for each user who comes or goes. Otherwise everybody gets the list then.
func (c *Chat) tellsComings() bool { return c.options.UserOnlineEvent != "" }

// comeOnline lists a new socket's user, and has the socket told who is there. m.seats is held.
func (c *Chat) comeOnline(s *socketio.Socket, m *member) {
	if !c.listsOnline() {
		return
	}
	if c.tellsOnline() {
		c.online.wait(s.ID())
	}
	if !c.rosters.Enter(contract.OnlineRoom, m.Person) && c.tellsOnline() {
		c.rosters.TellAgain(contract.OnlineRoom, m.Person)
	}
}

// goOffline takes a socket that has ended off the list. m.seats is held.
func (c *Chat) goOffline(m *member) {
	if c.listsOnline() {
		c.rosters.Away(contract.OnlineRoom, m.Person)
	}
}

// announceOnline tells the clients of this gateway who is online.
func (c *Chat) announceOnline(list presence.List) (cost int) {
	if !c.tellsOnline() {
		return 0
	}
	all := list.Online(c.options.OnlineShape, c.options.MaxEvent)
	comings, bytes := c.comings(list)
	waiting := c.online.take()
	oneByOne := c.tellsComings() && len(comings) <= maxComings && bytes <= max(len(all), fewComings)
	if len(comings) > 0 && !oneByOne {
		c.namespace.Local(socketio.Target{}).Emit(c.options.OnlineEvent, all)
		return len(all) * list.Sockets
	}
	if len(waiting) > 0 {
		c.namespace.Local(socketio.Target{Rooms: waiting}).Emit(c.options.OnlineEvent, all)
	}
	for _, coming := range comings {
		c.namespace.Local(socketio.Target{}).Emit(coming.event, coming.who)
	}
	return len(all)*len(waiting) + bytes*list.Sockets
}

// coming is the event of one who comes or goes.
type coming struct {
	event string
	who   json.RawMessage
}

// comings are what has changed since everybody was told, and how many bytes that is.
func (c *Chat) comings(list presence.List) (all []coming, bytes int) {
	add := func(event string, p *contract.Person) {
		who := p.Online(c.options.OnlineShape)
		all = append(all, coming{event, who})
		bytes += len(event) + len(who)
	}
	now := make(map[string]*contract.Person, len(list.People))
	for _, p := range list.People {
		now[p.ID] = p
		if c.online.told[p.ID] == nil {
			add(c.options.UserOnlineEvent, p)
		}
	}
	for id, p := range c.online.told {
		if now[id] == nil {
			add(c.options.UserOfflineEvent, p)
		}
	}
	c.online.told = now
	return all, bytes
}

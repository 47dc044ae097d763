package attach

import (
	"container/list"
	"slices"
	"time"
)

const (
	mostAbsences    = 100_000
	absenceOverhead = 300 // bytes
	stayOverhead    = 24
	longestWindow   = 24 * time.Hour // that an app can ask for
)

// absence is a socket whose client has gone and may come back for it, by its pid. Hub.mu guards it.
//
// It waits until the app is done with the socket: until then the process that has it says what has become of its rooms and data (KEEP), or
// that nobody may come back for it (GONE). So no process sees a socket come back that is still there in another one.
type absence struct {
	nsp, sid, pid string
	stays         []stay // its own room first
	data          []byte
	since         int64  // the last number before it connected first
	client        uint64 // whose it was
	of            *link  // which process'
	at            time.Time
	size          int

	waits   bool   // until every process is done with the socket
	by      *link  // the process that has to say KEEP or GONE of it; nil while none has the socket
	claim   *claim // who asks for it; nil is nobody
	claimed bool   // the claim was granted: its client is on the way to take it up
	after   int64  // the number of the last event that this client has heard

	element *list.Element
}

// claim is a client that has come back for a socket.
type claim struct {
	link    *link // which process asks
	request uint64
	offset  string
}

type seatKey struct {
	client uint64
	nsp    string
}

// absences are those of a hub, in the order in which clients went.
type absences struct {
	byPID    map[string]*absence
	byClient map[seatKey]*absence // those that wait
	order    *list.List
	bytes    int
}

func (all *absences) init() {
	all.byPID, all.byClient, all.order = make(map[string]*absence), make(map[seatKey]*absence), list.New()
}

func (all *absences) add(a *absence) {
	a.size = a.weigh()
	all.bytes += a.size
	a.element = all.order.PushBack(a)
	all.byPID[a.pid], all.byClient[seatKey{a.client, a.nsp}] = a, a
}

// weigh returns about what one takes in memory.
func (a *absence) weigh() int {
	size := absenceOverhead + len(a.data) + len(a.nsp) + len(a.sid) + len(a.pid)
	for _, s := range a.stays {
		size += stayOverhead + len(s.room)
	}
	return size
}

// remove forgets one. Who has claimed it begins anew.
func (all *absences) remove(a *absence) {
	all.bytes -= a.size
	all.order.Remove(a.element)
	if all.byPID[a.pid] == a {
		delete(all.byPID, a.pid)
	}
	if key := (seatKey{a.client, a.nsp}); all.byClient[key] == a {
		delete(all.byClient, key)
	}
	if a.claim != nil && !a.claimed {
		a.claim.link.put(recoveredFrame(a.claim.request, nil))
	}
}

// handTo notes which process, if any, is to say what becomes of the sockets of a client that has gone.
func (all *absences) handTo(c *client, l *link) {
	for _, s := range c.sockets {
		if a := all.byClient[seatKey{c.number, s.space.name}]; a != nil {
			a.by = l
		}
	}
}

// leaveSessions keeps the sockets of a client that goes. By is the process that has them, or nil. mu and client.mu are held.
func (h *Hub) leaveSessions(c *client, by *link) {
	if !h.memory.keeps() {
		return
	}
	for _, s := range c.sockets {
		if s.own != nil || s.pid == "" {
			continue
		}
		if before := h.absent.byPID[s.pid]; before != nil {
			h.absent.remove(before)
		}
		a := &absence{
			nsp: s.space.name, sid: s.id, pid: s.pid, data: s.data, client: c.number, of: c.owner.Load(), at: time.Now(), waits: true, by: by,
		}
		a.stays, a.since = s.stays()
		h.absent.add(a)
		for h.absent.order.Len() > mostAbsences || h.absent.bytes > h.options.RecoveryBuffer/4 {
			h.absent.remove(h.absent.order.Front().Value.(*absence))
		}
	}
}

// settle notes that no process has the socket any more. mu is held.
func (h *Hub) settle(a *absence) {
	a.waits, a.by = false, nil
	delete(h.absent.byClient, seatKey{a.client, a.nsp})
	if a.claim != nil {
		h.answerClaim(a)
	}
}

// settleAll settles the sockets of a client that is not presented to any process any more. mu and client.mu are held.
func (h *Hub) settleAll(c *client) {
	for _, s := range c.sockets {
		if a := h.absent.byClient[seatKey{c.number, s.space.name}]; a != nil {
			h.settle(a)
		}
	}
}

// releaseSessions settles the sockets that a process had which has ended, and frees what it had claimed: the client for whom it did so is
// presented to another process, and its CONNECT claims the socket again. mu is held.
func (h *Hub) releaseSessions(l *link) {
	var had []*absence
	for e := h.absent.order.Front(); e != nil; e = e.Next() {
		a := e.Value.(*absence)
		if a.claim != nil && a.claim.link == l {
			a.claim, a.claimed = nil, false
		}
		if a.waits && a.by == l {
			had = append(had, a)
		}
	}
	for _, a := range had {
		h.settle(a)
	}
}

// waitingAt returns what waits for this process to be done with it, or nil. mu is held.
func (l *link) waitingAt(client uint64, nsp string) *absence {
	if a := l.hub.absent.byClient[seatKey{client, nsp}]; a != nil && a.by == l {
		return a
	}
	return nil
}

// keep is KEEP: the process is done with a socket whose client may come back for it.
func (l *link) keep(d *decoder) error {
	client := d.uvarint()
	var said struct {
		Nsp   string
		Rooms []string
		Data  []byte
	}
	d.json(&said)
	if err := d.done(); err != nil {
		return err
	}
	h := l.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	a := l.waitingAt(client, said.Nsp)
	if a == nil {
		return nil
	}
	stays := []stay{a.stays[0]}
	for _, room := range said.Rooms {
		if i := slices.IndexFunc(a.stays, func(s stay) bool { return s.room == room }); i > 0 {
			stays = append(stays, a.stays[i])
		} else if i < 0 {
			stays = append(stays, stay{room, h.memory.last.Load()})
		}
	}
	a.stays = stays
	if said.Data != nil {
		a.data = said.Data
	}
	h.absent.bytes -= a.size
	a.size = a.weigh()
	h.absent.bytes += a.size
	h.settle(a)
	return nil
}

// forgo is GONE of a client that is not there any more: the app had sent the socket away before it heard of that.
func (l *link) forgo(client uint64, nsp string) {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	if a := l.waitingAt(client, nsp); a != nil {
		l.hub.absent.remove(a)
	}
}

// forgetOld drops what nobody can come back for.
func (h *Hub) forgetOld(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	window := time.Duration(h.memory.window.Load())
	for e := h.absent.order.Front(); e != nil && now.Sub(e.Value.(*absence).at) > window; e = h.absent.order.Front() {
		h.absent.remove(e.Value.(*absence))
	}
	for name, sp := range h.spaces {
		sp.mu.Lock()
		sp.ring.trim(now)
		over := sp.isOver(now)
		sp.mu.Unlock()
		if over {
			delete(h.spaces, name)
		}
	}
}

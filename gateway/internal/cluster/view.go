package cluster

import (
	"slices"
	"time"
)

// view is what one node knows of itself and the others. It decides, and does nothing: times, answers of Redis and messages are given to it,
// and its owner takes from it what is to be written (next), read (unread, audit) and told (changes). One goroutine at a time uses it.
//
// Times are readings of this process's monotonic clock. No clock of another machine is ever compared with them: how long a lease lasts
// is counted by Redis, and what this node waits for by itself.
type view struct {
	lease time.Duration

	epoch string   // of this node; empty before it is known to Redis, and after a loss
	past  []string // epochs before, whose fields others may still count until all is written again
	wrote uint64   // the highest sequence that Redis has acknowledged in this epoch
	tried uint64   // the highest that was tried

	own   map[string]*ownRoom
	dirty []string // rooms of own that are to be written, each once

	rooms    map[string]*room
	openings uint64
	wanted   []string // rooms that are to be read, each once
	peers    map[string]*peer
	buried   map[string]time.Time // epochs that are over, until their late fields can't come any more
	lenient  time.Time            // until then nobody's missing lease counts: data were lost, or Redis was away
	drains   bool
	strange  bool // somebody writes whose lease is in another database

	audits  []string // rooms whose digests are to be compared next
	audited string   // with this peer's
	hurries bool     // since something was missed

	changes []change
	repairs []repair // what others are to write again
	doubted []string // rooms of which others ask the same
	counts  Counts
}

// peer is another node.
type peer struct {
	since  time.Time // when it was first heard of
	heard  uint64    // its latest sequence
	seen   uint64    // its sequence at the last reading of leases
	behind bool      // something it said was missed
	leased bool      // its lease has been seen
	until  time.Time // when that ends, as it was seen last
	ends   bool      // whom it lists may be gone, and are listed until they have come back
}

// Counts are how often presence had to be mended, since the start.
type Counts struct {
	Drifted  uint64 // rooms that were not as their digest said, and were read again
	Missed   uint64 // gaps in what another node said
	Rewrites uint64 // times that this node wrote everything again
	Expired  uint64 // nodes whose lease ended
}

// change is what has become of one user in one room, elsewhere.
type change struct {
	room    string
	opening uint64 // of the room, by open
	loaded  bool   // what there is elsewhere is known from now on; the rest is empty
	user    string // of one node
	before  string // what the value was, and what it is: empty where the user is not listed
	value   string
}

// nodes is by how many more nodes the user is listed.
func (c change) nodes() int {
	switch {
	case c.loaded || c.before != "" && c.value != "":
		return 0
	case c.value == "":
		return -1
	}
	return +1
}

// repair is a share that its owner should write again.
type repair struct{ epoch, room string }

func newView(lease time.Duration, now time.Time) *view {
	return &view{
		lease: lease, lenient: now.Add(lease),
		own: make(map[string]*ownRoom), rooms: make(map[string]*room),
		peers: make(map[string]*peer), buried: make(map[string]time.Time),
	}
}

// registered begins an epoch. All that is here is to be written in it.
func (v *view) registered(epoch string) {
	v.epoch, v.wrote, v.tried = epoch, 0, 0
	v.rewriteAll()
}

// lost ends the epoch, since Redis does not have what it had acknowledged, or the others took this node for dead. A lease that is
// missing now may be lost as well.
func (v *view) lost(now time.Time) {
	if v.epoch != "" {
		v.counts.Rewrites++
		v.past = append(v.past, v.epoch)
		v.buried[v.epoch] = now
	}
	v.epoch = ""
	if full := now.Add(v.lease); v.lenient.Before(full) { // the others notice it within a renewal
		v.lenient = full
	}
}

// spare takes nobody for dead whose lease is missing, for the length of a lease: whoever lives has renewed it by then.
func (v *view) spare(now time.Time) { v.lenient = now.Add(v.lease + v.lease/3) }

// reading is who has a lease, and whose has ended, in Redis.
type reading struct {
	asked   time.Time       // before Redis was
	alive   map[string]sign // by epoch
	expired []string
	over    []string // epochs that have ended, of which not all has been cleaned away
}

// sign is a lease that is there: what its epoch has written, and for how long it lasts.
type sign struct {
	seq  uint64
	left time.Duration
}

// read learns who is there, and returns those whose lease has ended: they are to be fenced, and then dropped. One that is missing before its
// time was thrown away, or deleted: who lives has renewed it by then.
func (v *view) read(r reading, now time.Time) (suspects []string) {
	for epoch, life := range r.alive {
		if epoch == v.epoch {
			continue
		}
		p := v.peer(epoch, now)
		if p == nil {
			continue
		}
		if !p.leased {
			p.leased, p.behind, p.heard = true, p.heard < life.seq, max(p.heard, life.seq) // what it wrote before we listened
		}
		if p.heard < p.seen { // said a reading ago, and not heard yet
			v.miss(p, p.seen)
		}
		p.seen, p.until = life.seq, r.asked.Add(life.left)
	}
	if now.Before(v.lenient) {
		return nil
	}
	for _, epoch := range r.expired {
		if p := v.peers[epoch]; p == nil || !now.Before(p.until) {
			suspects = append(suspects, epoch)
		}
	}
	for epoch, p := range v.peers { // those of whom Redis does not know any more
		if _, alive := r.alive[epoch]; !alive && now.Sub(p.since) >= v.lease && !now.Before(p.until) {
			suspects = append(suspects, epoch)
		}
	}
	for epoch, since := range v.buried {
		if now.Sub(since) > 20*v.lease {
			delete(v.buried, epoch)
		}
	}
	return suspects
}

// peer returns another node, which is made if it was not known. It is nil for one that is over.
func (v *view) peer(epoch string, now time.Time) *peer {
	if _, over := v.buried[epoch]; over || epoch == v.epoch {
		return nil
	}
	p := v.peers[epoch]
	if p == nil {
		p = &peer{since: now}
		v.peers[epoch] = p
	}
	return p
}

// haunted notes that an epoch goes on writing although it is over. No script of this database lets it, so it writes to another one. It is not
// taken for a new node.
func (v *view) haunted(epoch string, now time.Time) {
	if since, over := v.buried[epoch]; over && now.Sub(since) > 2*v.lease {
		v.buried[epoch], v.strange = now, true
	}
}

// ends notes that another node ends.
func (v *view) ends(epoch string, now time.Time) {
	if p := v.peer(epoch, now); p != nil {
		p.ends = true
	}
}

// miss notes that what a node said up to seq was not all heard.
func (v *view) miss(p *peer, seq uint64) {
	p.heard, p.behind = max(p.heard, seq), true
	v.counts.Missed++
}

// drop forgets a node and its members.
func (v *view) drop(epoch string, now time.Time) {
	if epoch == v.epoch {
		return
	}
	v.buried[epoch] = now
	if v.peers[epoch] == nil {
		return
	}
	delete(v.peers, epoch)
	for name, r := range v.rooms {
		v.replace(name, r, epoch, nil)
	}
}

// expire is drop for a node whose lease is over.
func (v *view) expire(epoch string, now time.Time) {
	if _, over := v.buried[epoch]; !over {
		v.counts.Expired++
	}
	v.drop(epoch, now)
}

// doubt notes a room that another node asks this one to write again, each once. What it asks of others is theirs to hear.
func (v *view) doubt(epoch, room string) {
	if epoch == v.epoch && len(v.doubted) < batchFields && !slices.Contains(v.doubted, room) {
		v.doubted = append(v.doubted, room)
	}
}

// others is how many other nodes are there.
func (v *view) others() int { return len(v.peers) }

// takeChanges returns, once, the changes elsewhere that the lists here are to be told of, in order.
func (v *view) takeChanges() []change {
	c := v.changes
	v.changes = nil
	return c
}

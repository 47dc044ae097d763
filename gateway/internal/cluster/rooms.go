package cluster

import (
	"slices"
	"time"
)

// room is a room that somebody here is in, and who is in it elsewhere.
type room struct {
	opening uint64
	shares  map[string]*share // by epoch
	loaded  bool              // what there is elsewhere is known
	reading bool              // is being read: what is heard meanwhile waits in heard
	again   bool              // is to be read once more, since the reading may be older than what it is for
	queued  bool              // in view.wanted
	heard   []news
	said    map[string]mark // what nodes say of their users, that a reading is asked to find
}

// share is the users of one node in a room.
type share struct {
	seq    uint64 // of the node's, when it wrote this
	digest uint64
	users  map[string]string
}

// news is what a node said of a room.
type news struct {
	epoch string
	seq   uint64
	section
}

// open has a room followed, beginning with a reading. Changes that were told of it under an earlier number don't count any more.
func (v *view) open(name string) (opening uint64) {
	v.openings++
	r := &room{opening: v.openings, shares: make(map[string]*share)}
	v.rooms[name] = r
	v.want(name, r)
	return r.opening
}

// close ends the following of a room, unless somebody lingers there: then it is to be heard whether they come back elsewhere.
func (v *view) close(name string) {
	if own := v.own[name]; !v.drains || own == nil || len(own.users) == 0 {
		delete(v.rooms, name)
	}
}

// want has a room read.
func (v *view) want(name string, r *room) {
	if r.reading {
		r.again = true
	} else if !r.queued {
		r.queued = true
		v.wanted = append(v.wanted, name)
	}
}

// unread takes at most so many rooms that are to be read; each is given to loaded or unloaded then. Again: some have been read before.
func (v *view) unread(most int) (names []string, again bool) {
	for len(v.wanted) > 0 && len(names) < most {
		name := v.wanted[0]
		v.wanted = v.wanted[1:]
		if r := v.rooms[name]; r != nil && r.queued {
			r.queued, r.reading, r.again = false, true, false
			names, again = append(names, name), again || len(r.shares) > 0
		}
	}
	return names, again
}

// loaded takes what Redis has of a room. Known are the sequences of nodes that Redis had right after that, for a room that had been read
// before: a node that has said more keeps the share that it has here, since Redis may have lost something. Shares of epochs that are over are
// returned, to be cleaned away.
func (v *view) loaded(name string, shares map[string]*share, known map[string]uint64, now time.Time) (strays []string) {
	r := v.rooms[name]
	if r == nil || !r.reading { // closed meanwhile, and perhaps opened anew
		return nil
	}
	r.reading = false
	before := len(v.changes)
	for epoch := range r.shares {
		if shares[epoch] == nil && v.believes(epoch, known) {
			v.replace(name, r, epoch, nil)
		}
	}
	for epoch, s := range shares {
		switch {
		case epoch == v.epoch:
			continue
		case v.peer(epoch, now) == nil:
			strays = append(strays, epoch)
			continue
		case r.shares[epoch] != nil && !v.believes(epoch, known):
			continue
		}
		told := s.digest
		v.replace(name, r, epoch, s)
		if s.actual() != told {
			v.counts.Drifted++
			v.repairs = append(v.repairs, repair{epoch, name})
			delete(r.said, epoch)
		}
	}
	v.lacking(name, r, shares)
	if r.loaded && len(v.changes) > before {
		v.counts.Drifted++
	}
	comingsFirst(v.changes[before:])
	v.goOn(name, r)
	if r.again {
		v.want(name, r)
	}
	return strays
}

// lacking has nodes write a room again whose shares the reading has not found as their marks say: Redis has lost the one and not the other.
func (v *view) lacking(name string, r *room, found map[string]*share) {
	for epoch, says := range r.said {
		var has share
		if s := found[epoch]; s != nil {
			has = *s
		}
		// What is later than the word was written since.
		if v.peers[epoch] != nil && has.digest != says.digest && (has.seq <= says.seq || says == mark{}) {
			v.counts.Drifted++
			v.repairs = append(v.repairs, repair{epoch, name})
		}
	}
	r.said = nil
}

// comingsFirst puts users who have come to a gateway before those who have left one, so that a user who goes from one to another is on every
// list in between.
func comingsFirst(changes []change) {
	slices.SortStableFunc(changes, func(a, b change) int { return b.nodes() - a.nodes() })
}

// believes tells whether Redis has all that a node has said.
func (v *view) believes(epoch string, known map[string]uint64) bool {
	seq, is := known[epoch]
	p := v.peers[epoch]
	return is && p != nil && seq >= p.heard
}

// goOn applies what was heard while a room was read.
func (v *view) goOn(name string, r *room) {
	heard := r.heard
	r.heard = nil
	for _, n := range heard {
		v.apply(name, r, n)
	}
	if !r.loaded {
		r.loaded = true
		v.changes = append(v.changes, change{room: name, opening: r.opening, loaded: true})
	}
}

// unloaded gives up a reading that failed. The room is told as far as it is known, and read again when Redis is back.
func (v *view) unloaded(name string) {
	r := v.rooms[name]
	if r == nil || !r.reading {
		return
	}
	r.reading = false
	v.goOn(name, r)
	v.want(name, r)
}

// hear takes what another node wrote.
func (v *view) hear(epoch string, before, seq uint64, sections []section, now time.Time) {
	p := v.peer(epoch, now)
	if p == nil {
		v.haunted(epoch, now)
		return
	}
	if before > p.heard {
		v.miss(p, before)
	}
	p.heard = max(p.heard, seq)
	for _, s := range sections {
		r := v.rooms[s.room]
		switch n := (news{epoch, seq, s}); {
		case r == nil:
		case r.reading:
			r.heard = append(r.heard, n)
		default:
			v.apply(s.room, r, n)
		}
	}
}

// apply changes a share as its node said. If its digest is not what the node says after that, the room is read again.
func (v *view) apply(name string, r *room, n news) {
	s := r.shares[n.epoch]
	if s == nil {
		s = &share{users: make(map[string]string)}
		r.shares[n.epoch] = s
	}
	if n.seq <= s.seq { // the reading had it
		return
	}
	s.seq = n.seq
	for _, f := range n.fields {
		v.set(name, s, f)
	}
	switch {
	case s.digest != n.digest:
		v.want(name, r)
	case len(s.users) == 0:
		delete(r.shares, n.epoch)
	}
}

// set changes one user of a share.
func (v *view) set(name string, s *share, f field) {
	old, had := s.users[f.user]
	if had {
		s.digest ^= sum(f.user, old)
	}
	if f.gone {
		delete(s.users, f.user)
		if had {
			v.tell(name, f.user, old, "")
		}
		return
	}
	s.digest ^= sum(f.user, f.value)
	s.users[f.user] = f.value
	switch {
	case !had:
		v.tell(name, f.user, "", f.value)
		v.welcomed(name, f.user)
	case old != f.value:
		v.tell(name, f.user, old, f.value)
	}
}

// replace has a node's users in a room be others, or none.
func (v *view) replace(name string, r *room, epoch string, with *share) {
	had := r.shares[epoch]
	if with == nil {
		delete(r.shares, epoch)
		if had != nil {
			for user, value := range had.users {
				v.tell(name, user, value, "")
			}
		}
		return
	}
	r.shares[epoch] = &share{seq: with.seq, digest: with.actual(), users: with.users}
	for user, value := range with.users {
		var before string
		if had != nil {
			before = had.users[user]
		}
		if before != value {
			v.tell(name, user, before, value)
		}
		v.welcomed(name, user)
	}
	if had == nil {
		return
	}
	for user, value := range had.users {
		if _, is := with.users[user]; !is {
			v.tell(name, user, value, "")
		}
	}
}

// welcomed lets go of a user of this node who lingers and has come back elsewhere.
func (v *view) welcomed(name, user string) {
	if r := v.own[name]; v.drains && r != nil && !r.users[user].until.IsZero() {
		v.letGo(name, r, user)
	}
}

func (v *view) tell(name, user, before, value string) {
	if r := v.rooms[name]; r != nil {
		v.changes = append(v.changes, change{room: name, opening: r.opening, user: user, before: before, value: value})
	}
}

// elsewhere tells whether another node, which goes on, lists a user in a room that is followed here.
func (v *view) elsewhere(name, user string) bool {
	r := v.rooms[name]
	if r == nil {
		return false
	}
	for epoch, s := range r.shares {
		if p := v.peers[epoch]; p != nil && p.ends {
			continue
		}
		if _, listed := s.users[user]; listed {
			return true
		}
	}
	return false
}

func (s *share) actual() (digest uint64) {
	for user, value := range s.users {
		digest ^= sum(user, value)
	}
	return digest
}

package cluster

import "time"

// lingers is how long a drained node keeps listing a user whose client it has closed, unless they come back elsewhere before.
const lingers = 5 * time.Second

// batchFields is how many fields are written at once: Redis takes about a millisecond for them, and does nothing else meanwhile.
const batchFields = 1000

// ownRoom is who is in a room at this node.
type ownRoom struct {
	users map[string]ownUser
	// changed users, with the sum that Redis has of them; 0 where it has none.
	changed map[string]uint64
	digest  uint64 // of what Redis has
	queued  bool   // in view.dirty
}

func newOwnRoom() *ownRoom {
	return &ownRoom{users: make(map[string]ownUser), changed: make(map[string]uint64)}
}

type ownUser struct {
	value string
	until time.Time // if not zero, they have gone, and are listed until then or until they are listed elsewhere
}

// enter lists a user here, or changes their value. Who had lingered does so no more.
func (v *view) enter(room, user, value string) {
	r := v.own[room]
	if r == nil {
		r = newOwnRoom()
		v.own[room] = r
	}
	before, had := r.users[user]
	back := !before.until.IsZero()
	r.users[user] = ownUser{value: value}
	if back {
		v.tell(room, user, before.value, "")
	}
	if !had || before.value != value {
		v.change(room, r, user, before.value, had)
	}
}

// drain begins the end of this node. There are the nodes that Redis knows, besides those that this one has heard of.
func (v *view) drain(there []string, now time.Time) {
	v.drains = true
	for _, epoch := range there {
		v.peer(epoch, now)
	}
}

// leave lists a user here no more. While this node drains, the user's client may come back elsewhere: then it lingers, and leave reports that
// the user is still listed.
func (v *view) leave(room, user string, away bool, now time.Time) (lingering bool) {
	r := v.own[room]
	if r == nil {
		return false
	}
	u, had := r.users[user]
	if !had {
		return false
	}
	if away && v.drains && len(v.peers) > 0 && !v.elsewhere(room, user) {
		u.until = now.Add(lingers)
		r.users[user] = u
		return true
	}
	delete(r.users, user)
	v.change(room, r, user, u.value, true)
	return false
}

// change notes that Redis has to be told of a user. Value is what the user had before.
func (v *view) change(name string, r *ownRoom, user, value string, had bool) {
	if _, noted := r.changed[user]; !noted {
		var told uint64
		if had {
			told = sum(user, value)
		}
		r.changed[user] = told
	}
	v.queue(name, r)
}

func (v *view) queue(name string, r *ownRoom) {
	if !r.queued {
		r.queued = true
		v.dirty = append(v.dirty, name)
	}
}

// rewriteAll has everything written again, as to a Redis that has nothing of this epoch.
func (v *view) rewriteAll() {
	for name, r := range v.own {
		r.digest = 0
		clear(r.changed)
		for user := range r.users {
			r.changed[user] = 0
		}
		if len(r.users) > 0 {
			v.queue(name, r)
		} else if !r.queued {
			delete(v.own, name)
		}
	}
}

// amend has a room's fields written again, since another node did not find in Redis what the digest says. Present are the users that Redis
// has of this node there.
func (v *view) amend(name string, present []string) {
	r := v.own[name]
	if r == nil {
		r = newOwnRoom()
		v.own[name] = r
	}
	for user, u := range r.users {
		if _, noted := r.changed[user]; !noted {
			r.changed[user] = sum(user, u.value) // the digest has it
		}
	}
	for _, user := range present {
		if _, here := r.users[user]; !here {
			if _, noted := r.changed[user]; !noted {
				r.changed[user] = 0
			}
		}
	}
	v.queue(name, r)
}

// linger stops listing those who linger whose time is over, or who are listed elsewhere by now; with all, everybody who lingers.
func (v *view) linger(now time.Time, all bool) {
	if !v.drains {
		return
	}
	for name, r := range v.own {
		for user, u := range r.users {
			if !u.until.IsZero() && (all || !now.Before(u.until) || v.elsewhere(name, user)) {
				v.letGo(name, r, user)
			}
		}
	}
}

// letGo stops listing a user who lingers.
func (v *view) letGo(name string, r *ownRoom, user string) {
	u := r.users[user]
	delete(r.users, user)
	v.change(name, r, user, u.value, true)
	v.tell(name, user, u.value, "")
}

// leaveAll lists nobody any more.
func (v *view) leaveAll() {
	for name, r := range v.own {
		for user, u := range r.users {
			delete(r.users, user)
			v.change(name, r, user, u.value, true)
		}
	}
}

// lingering is how many still are listed of those who have gone.
func (v *view) lingering() (n int) {
	if !v.drains {
		return 0
	}
	for _, r := range v.own {
		for _, u := range r.users {
			if !u.until.IsZero() {
				n++
			}
		}
	}
	return n
}

// batch is what is written at once.
type batch struct {
	epoch    string
	wrote    uint64 // what Redis must have of the sequence
	seq      uint64
	sections []section
}

// section is the part of a batch in one room.
type section struct {
	room   string
	digest uint64 // of this node's users there, once it is written
	empty  bool   // nobody is left
	fields []field
	before []uint64 // the sums that Redis had, by field
}

// field is one user of a room.
type field struct {
	user  string
	value string
	gone  bool
}

// next takes what is to be written, or nil. Its owner must give the outcome to done before the next.
func (v *view) next() *batch {
	if v.epoch == "" || len(v.dirty) == 0 {
		return nil
	}
	v.tried++
	b := &batch{epoch: v.epoch, wrote: v.wrote, seq: v.tried}
	room := 0
	for fields := 0; room < len(v.dirty) && fields < batchFields; room++ {
		name := v.dirty[room]
		s, rest := v.own[name].take(name, batchFields-fields)
		fields += len(s.fields) + 1
		b.sections = append(b.sections, s)
		if rest {
			break
		}
		v.own[name].queued = false
	}
	v.dirty = v.dirty[room:]
	return b
}

// take takes at most so many changes of a room.
func (r *ownRoom) take(name string, most int) (s section, rest bool) {
	s = section{room: name}
	for user, before := range r.changed {
		if len(s.fields) >= most {
			rest = true
			break
		}
		u, here := r.users[user]
		r.digest ^= before
		if here {
			r.digest ^= sum(user, u.value)
		}
		s.fields = append(s.fields, field{user: user, value: u.value, gone: !here})
		s.before = append(s.before, before)
		delete(r.changed, user)
	}
	s.digest, s.empty = r.digest, len(r.users) == 0 && !rest
	return s, rest
}

// done takes the outcome of a batch. What may not have been written is written again.
func (v *view) done(b *batch, err error) {
	if b.epoch != v.epoch { // all is written again anyway
		return
	}
	if err == nil {
		v.wrote = b.seq
		for _, s := range b.sections {
			if r := v.own[s.room]; r != nil && len(r.users) == 0 && len(r.changed) == 0 {
				delete(v.own, s.room)
			}
		}
		return
	}
	for _, s := range b.sections {
		r := v.own[s.room]
		for i, f := range s.fields {
			if !f.gone {
				r.digest ^= sum(f.user, f.value)
			}
			r.digest ^= s.before[i]
			r.changed[f.user] = s.before[i] // also where it has changed again since
		}
		v.queue(s.room, r)
	}
}

// settled returns the epochs of this node before this one, once all of this one is written: then the others may forget them.
func (v *view) settled() (past []string) {
	if v.epoch == "" || len(v.dirty) > 0 {
		return nil
	}
	past, v.past = v.past, nil
	return past
}

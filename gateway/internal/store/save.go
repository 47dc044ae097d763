package store

import (
	"cmp"
	"fmt"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// Save stores d and then calls done once. It never blocks, and d must not change until done is called.
//
// done gets the row when it is committed; message.ErrRejected when the database refuses this message; or
// message.ErrUnavailable when it was not stored within the timeout. Those calls come from one goroutine, in
// the order of the Saves, so done must not block. When the store is full, down or closing, done is called
// with message.ErrUnavailable before Save returns.
func (s *Store) Save(d message.Draft, done func(message.Stored, error)) {
	refuse := func(err error) {
		s.watch.Failed(causeOf(err), 1)
		done(message.Stored{}, err)
	}
	if s.outage.Load() != nil {
		refuse(errDown)
		return
	}
	e, err := s.newEntry(d, done)
	if err != nil {
		s.misfits.tell(s.log, err, s.blame(err))
		refuse(err)
		return
	}
	if err := s.queue.add(e); err != nil {
		refuse(err)
	}
}

// entry is a message on its way through the store. It belongs to Save until it is queued, then to the committer, and to the
// delivery from its answer on.
type entry struct {
	id, user, text string    // as the columns take them; id is empty until the committer or the database makes it
	room, receiver string    // one of them is empty, and NULL where the table has both
	fields         []*string // of Mapping.Fields; nil is NULL, or the default
	fingerprint    uint64

	stored   message.Stored
	err      error
	done     func(message.Stored, error)
	size     int // bytes of memory, roughly: the strings, their JSON and itself
	accepted time.Time
	examined bool            // the refused rows of its batch have been looked for all at once
	doubtful bool            // a statement with it failed in a way that does not tell whether it was committed
	found    bool            // a look after that found it committed
	plain    *string         // the text as it was said, of a message that another gateway may store
	asked    bool            // whether one has is to be found out
	behind   uint64          // as in the draft
	again    *message.Stored // what another gateway has stored of it
	aside    takeAside       // of what is no message: see Aside
}

// newEntry gives d the form in which the columns hold it, or says why they can't.
func (s *Store) newEntry(d message.Draft, done func(message.Stored, error)) (*entry, error) {
	e := &entry{text: d.Text, fingerprint: d.Fingerprint, done: done}
	err := s.mapping.place(e, d)
	if err != nil {
		return nil, err
	}
	if e.user, err = s.mapping.User.fit(d.User); err != nil {
		return nil, err
	}
	if e.fields, err = s.mapping.takeFields(d.Fields); err != nil {
		return nil, err
	}
	if s.encrypt != nil && !s.mapping.isNull(d.Text) {
		if e.text, err = s.encrypt(d.Text, cmp.Or(e.room, e.receiver), e.user); err != nil {
			return nil, &refusal{cause: "encrypt", detail: fmt.Errorf("encrypt: %w", err), kind: message.ErrUnavailable}
		}
	}
	if e.text, err = s.mapping.Text.fit(e.text); err != nil {
		return nil, err
	}
	if (d.Elsewhere || d.Own) && d.Fingerprint != 0 && s.cluster != nil && s.mapping.IDs != idsDatabase {
		e.plain, e.asked, e.behind = &d.Text, d.Elsewhere, d.Behind
		e.size += len(d.Text)
	}
	e.stored.User = s.mapping.User.json(e.user)
	e.size += 384 + len(e.text) + 2*(s.mapping.idBytes()+len(e.room)+len(e.receiver)+len(e.user)) + d.Held
	for _, v := range e.fields {
		if v != nil {
			e.size += len(*v)
		}
	}
	return e, nil
}

// place fills in where d goes: a room, or a person.
func (m Mapping) place(e *entry, d message.Draft) error {
	c, said, held, told := m.Room, d.Room, &e.room, &e.stored.Room
	if d.Receiver != "" {
		c, said, held, told = m.Receiver, d.Receiver, &e.receiver, &e.stored.Receiver
	}
	if c.Name == "" && m.Database != database.None {
		return &refusal{cause: "rejected", detail: fmt.Errorf("table %s has no column for where this message goes", m.name()), kind: message.ErrRejected}
	}
	var err error
	if *held, err = c.fit(said); err != nil {
		return err
	}
	if *held != said { // "05" would be stored into room 5, which would not hear it
		return c.reject("spells it differently")
	}
	*told = c.json(*held)
	return nil
}

// conversation is whose messages must have times that rise: those of a room, or of two people.
func (e *entry) conversation() string {
	if e.receiver == "" {
		return e.room
	}
	return "\x00" + min(e.user, e.receiver) + "\x00" + max(e.user, e.receiver)
}

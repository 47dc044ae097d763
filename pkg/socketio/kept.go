package socketio

import (
	"encoding/json"
	"sync"
)

// Kept has the event kept for clients who are away when it is told: they get it when they come back. Without Options.Recovery it does
// nothing. O is the event's place in the order of all kept events of the server, and must be greater than that of the one before; an
// event that comes too late is told, but not kept. At zero the server makes an offset from its clock. An application gives all offsets
// itself, or none.
//
// Kept events are told one at a time, and none is volatile. Clients find the offset behind the last argument. An event to
// everybody or to one socket by its id is kept in memory alone; a Log is asked only for those of rooms.
func (b Broadcast) Kept(o Offset) Broadcast {
	b.to.Offset, b.kept = o, true
	return b
}

func (b Broadcast) emitKept(event string, args []any) error {
	cluster := b.cluster()
	var encoded []json.RawMessage
	if cluster != nil {
		var err error
		if encoded, args, err = encodeOnce(event, args); err != nil {
			return err
		}
	}
	d, err := newEventDraft(b.ns.name, event, nil, args)
	if err != nil {
		return err
	}
	defer d.free()
	if b.to.Offset, err = b.ns.recovery.tell(b.ns, event, &d, b.to); err != nil {
		return err
	}
	if cluster != nil {
		cluster.Broadcast(b.ns, b.to.clone(), event, encoded)
	}
	return nil
}

// Kept is an event of a Log, for clients who were away when it was told. It is encoded once for all of them.
type Kept struct {
	to    Target
	event string
	args  []any

	once  sync.Once
	entry *entry
	err   error
}

// NewKept returns what Broadcast.Kept told with this offset to these rooms. Arguments are those of Emit. A Log may give the
// same one to all who ask for it, of one namespace.
func NewKept(o Offset, rooms []string, event string, args ...any) *Kept {
	return &Kept{to: Target{Rooms: rooms, Offset: o}, event: event, args: args}
}

// Except leaves out clients that are in one of these rooms when they come back, as Broadcast.Except does. It is called before the event
// is given to anybody.
func (k *Kept) Except(rooms ...string) { k.to.Except = append(k.to.Except, rooms...) }

// encode returns the event as the ring holds it. It may be called by several goroutines at once.
func (k *Kept) encode(ns *Namespace) (*entry, error) {
	k.once.Do(func() {
		d, err := newEventDraft(ns.name, k.event, nil, k.args)
		if err != nil {
			k.err = err
			return
		}
		defer d.free()
		m, err := ns.finish(k.event, &d, offsetTail(k.to.Offset))
		k.entry = &entry{offset: k.to.Offset, namespace: ns.name, rooms: k.to.Rooms, except: k.to.Except, packets: m.packets}
		k.err, k.args = err, nil
	})
	return k.entry, k.err
}

package socketio

// Broadcast addresses many sockets. It is a value: each method returns a narrower one.
type Broadcast struct {
	ns     *Namespace
	rooms  []string
	except []string

	volatile, local bool
}

// To adds rooms to the union that is addressed.
func (b Broadcast) To(rooms ...string) Broadcast {
	b.rooms = append(b.rooms[:len(b.rooms):len(b.rooms)], rooms...)
	return b
}

// Except leaves out every socket that is in one of these rooms; a socket's id is a room of its own.
func (b Broadcast) Except(rooms ...string) Broadcast {
	b.except = append(b.except[:len(b.except):len(b.except)], rooms...)
	return b
}

// Volatile lets sockets miss the event that can't take it at once.
func (b Broadcast) Volatile() Broadcast {
	b.volatile = true
	return b
}

// Local addresses only sockets that are connected to this server, of several behind one Adapter.
func (b Broadcast) Local() Broadcast {
	b.local = true
	return b
}

// Emit sends an event. It is encoded once; every socket gets it once. All members of a room get
// the events for it in the same order; unions of rooms are not ordered among each other.
func (b Broadcast) Emit(event string, args ...any) error {
	packets, err := encodeEvent(b.ns.name, event, nil, args)
	if err != nil {
		return err
	}
	b.ns.adapter.Broadcast(packets, Target{Rooms: b.rooms, Except: b.except, Volatile: b.volatile, Local: b.local})
	return nil
}

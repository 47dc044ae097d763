package socketio

import "errors"

// NewKept, Kept, Recovered and OnRecover are filled in by the part that carries recovery on the wire.
func NewKept(o Offset, rooms []string, event string, args ...any) *Kept {
	return &Kept{offset: o, rooms: rooms, event: event}
}

func (b Broadcast) Kept(Offset) Broadcast { return b }

func (s *Socket) Recovered() bool { return false }

func (ns *Namespace) OnRecover(func(s *Socket, rooms []string) (granted []string, err error)) {}

var ErrTooMuch = errors.New("too much was missed")

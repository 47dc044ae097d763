package socketio

import (
	"context"
	"encoding/json"
	"slices"
)

// Cluster joins this server to other senders: servers of the same namespaces, or publishers without
// sockets of their own. Options.Cluster installs it.
//
// Out, the server calls the methods below for everything that is addressed to more than its own
// sockets: what a Broadcast without Local says. A Socket's own methods (Emit, Join, Disconnect) stay
// here. The server applies the same to its own sockets itself, right after the call, so that a
// Cluster that hears its own words again drops them.
//
// In, a Cluster calls [Namespace.Local] for what comes from elsewhere. That is applied to the sockets
// of this server alone, and is never told to the Cluster again. It may be called from any goroutine,
// also from within the methods below.
//
// Methods but Sockets and Ask must not wait: they queue and return, since whoever broadcasts waits for them.
// A queue that is full is for the Cluster to count. They are called from any goroutine, several at a
// time, and no lock of this package is held that a method of it would take; Open and Close alone must
// not call Server.Of. What one goroutine does one after the other is told in that order. What several
// do at once may be told in another order than this server's own sockets get it: who wants one order
// everywhere broadcasts from one goroutine. What the methods are given belongs to them.
//
// A Cluster is made before the server and closed after Shutdown by whoever made it.
type Cluster interface {
	// Open tells of a namespace before the first socket can be in it, and Close of one that is
	// forgotten; see Server.Dynamic. They are called one at a time. A handler that keeps a Namespace
	// may broadcast in it after Close: nobody is in it here.
	Open(ns *Namespace)
	Close(ns *Namespace)

	// Broadcast tells of an event that can be sent: its name and its encoding have been checked. A kept event has its offset in
	// the target, and this server's own sockets have it already. Those of several goroutines may be told in another order than
	// that of their offsets: the other server keeps only what is not late.
	// The arguments are JSON in which Binary reads attachments, as in Event.Args.
	Broadcast(ns *Namespace, to Target, event string, args []json.RawMessage)
	// Join, Leave and Disconnect tell what the sockets of the target are to do.
	Join(ns *Namespace, to Target, rooms []string)
	Leave(ns *Namespace, to Target, rooms []string)
	Disconnect(ns *Namespace, to Target, closes bool)

	// Sockets asks for the sockets of the target that are elsewhere. It may wait until ctx ends.
	// With an error it returns those that it has learnt of by then.
	Sockets(ctx context.Context, ns *Namespace, to Target) ([]SocketInfo, error)
	// Ask is Broadcast of an event that the client of each socket is to ack, by [Broadcast.Ask] where it is. It returns the acks of
	// those that are elsewhere, and waits for them as Sockets does.
	Ask(ctx context.Context, ns *Namespace, to Target, event string, args []json.RawMessage) ([]json.RawMessage, error)
}

// RoomWatcher is a Cluster that wants to know which rooms have members on this server, but for the rooms of sockets' ids. For each
// room the two are called by turns, one at a time, with locks held: they must neither wait nor call this package.
type RoomWatcher interface {
	RoomOpened(ns *Namespace, room string)
	RoomClosed(ns *Namespace, room string)
}

// Target says which sockets are meant: those in any of Rooms, or all when there are none, without
// those in any of Except. A socket's id is a room of its own, on every server. Volatile lets sockets
// miss an event that can't take it at once. Offset is that of a kept event (see [Broadcast.Kept]), and zero for others: the server
// that hears of it keeps it with the same one.
type Target struct {
	Rooms, Except []string
	Volatile      bool
	Offset        Offset
}

func (t Target) clone() Target {
	t.Rooms, t.Except = slices.Clone(t.Rooms), slices.Clone(t.Except)
	return t
}

// SocketInfo describes a socket, of this server or another. Its JSON is what official servers tell
// each other of a socket.
type SocketInfo struct {
	ID        string `json:"id"`
	Namespace string `json:"-"`
	// Handshake is the official object: headers, time, address, xdomain, secure, issued, url, query
	// and auth. It is null on a server without a Cluster, which keeps no handshakes. It has the
	// client's cookies and tokens in it.
	Handshake json.RawMessage `json:"handshake"`
	// Rooms are those that the socket is in, that of its own id first.
	Rooms []string `json:"rooms"`
	// Data is the JSON of Socket.Data, and null when it has none.
	Data json.RawMessage `json:"data"`
}

// info may be called from any goroutine.
func (s *Socket) info() SocketInfo {
	data, err := json.Marshal(s.Data)
	if err != nil {
		data = json.RawMessage("null")
	}
	return SocketInfo{
		ID: s.id, Namespace: s.namespace.name, Handshake: s.origin.json(),
		Rooms: append([]string{s.id}, s.Rooms()...), Data: data,
	}
}

package socketio

import (
	"context"
	"errors"
	"time"
)

// Recovery has clients that lose their connection take up their session again: the same id, the rooms, and what was said
// there meanwhile, once and in its order. It is Socket.IO's connection state recovery, which every official client since
// 4.6 has. Only kept events are said again; see [Broadcast.Kept].
type Recovery struct {
	// Window is how long a client may be away. Zero means 2 min.
	Window time.Duration
	// Buffer bounds the bytes of the latest kept events, which are held in memory, for twice the Window at most. Zero means 64 MiB.
	Buffer int
	// Limit is how many kept events a client may have missed. Who missed more, or more than half of Engine.SendQueueBytes, starts
	// anew. Zero means 1,000.
	Limit int
	// Secret makes the clients' pids, so that nobody can make one up. Servers that take over each other's sessions need the
	// same. Nil means a random one.
	Secret []byte
	// Sessions keep sessions beyond the end of the process. Nil means that they end with it.
	Sessions Sessions
	// Reclaim is asked before a session in memory is taken up, for another server may have claimed it from Sessions since. Ours says
	// that it is still this server's and can't be claimed by another one from now on. After an error memory is believed. Nil means
	// that it always is.
	Reclaim func(ctx context.Context, namespace, sid string) (ours bool, err error)
	// Log is asked for kept events that are not in memory. Without one, who has missed some starts anew.
	Log Log
	// CatchUp is called when a client that takes up its session has had a later event, by another server, than this one has told. It
	// may wait until this server has told all up to that offset, or until ctx ends, which takes 5 s at most. If the offset is still
	// later then, the client starts anew. Nil means that there is nothing to wait for.
	CatchUp func(ctx context.Context, o Offset)
	// Head is the offset of the latest kept event that there was before this server started. What comes later is told by
	// this server. Zero means that there was none. With Sessions but without a Log it means the time of the start, since clients may
	// have missed events that nobody knows.
	Head Offset
	// Observer may be nil.
	Observer RecoveryObserver
}

// Offset is a place in the order of all kept events: a later one has a greater offset. Zero is before all.
type Offset uint64

// SavedSession is what a session needs to be taken up again.
type SavedSession struct {
	Namespace string
	SID       string
	User      string // Handshake.User
	Since     Offset // of the latest kept event when the session began: later ones to everybody are for it
	Rooms     []SavedRoom
	Left      []LeftRoom `json:",omitempty"` // the latest; what was told there before it left is still owed to the client
}

// SavedRoom is a room that the session is in, and the latest event there that was told before it joined.
type SavedRoom struct {
	Name  string
	Since Offset
}

// LeftRoom is a room that the session has left: the latest event there that was told before it joined, and the latest before it left.
type LeftRoom struct {
	Name         string
	Since, Until Offset
}

// Sessions keep sessions for servers that have not seen them. All methods may be called from any goroutine.
type Sessions interface {
	// Changed tells that the session of a connected socket is new or is in other rooms. It queues and returns; when it is
	// written down, Socket.Session says what is to be kept. Locks of this package are not held.
	Changed(s *Socket)
	// Ended tells that a session will not be taken up again. It queues and returns.
	Ended(namespace, sid string)
	// Claim gives a session to one caller alone, who is its owner from now on. It may wait until ctx ends. Nil without an error
	// means that there is none, or that it has been away for longer than the Window. A server calls Ended itself for its own sessions
	// that are away for longer. It remembers these for the Window; those that it had to forget earlier, being too many, it claims.
	Claim(ctx context.Context, namespace, sid string) (*SavedSession, error)
}

// Gap is what a client has missed of a room: the kept events after an offset.
type Gap struct {
	Room  string
	After Offset
}

// Log reads kept events that were told before this server started, or that memory has no place for any more.
type Log interface {
	// Missed returns the kept events of the gaps up to through, in the order of their offsets, each once. It may wait until ctx
	// ends. An error means that something may be missing: then the client starts anew. ErrTooMuch, for more than limit, is one of
	// them.
	Missed(ctx context.Context, ns *Namespace, gaps []Gap, through Offset, limit int) ([]*Kept, error)
}

// ErrTooMuch is what a Log returns that has more events than the limit, or would have to read too far for them.
var ErrTooMuch = errors.New("socketio: too much was missed")

// RecoveryObserver counts. Its methods are called from several goroutines at once and must return quickly.
type RecoveryObserver interface {
	// Recovered tells of a session that was taken up: from where what it missed was read (memory or log; none if it missed
	// nothing), and how many events that was.
	Recovered(source string, events int)
	// NotRecovered tells of a client that asked for a session and starts anew, with the reason: one of the NotRecovered constants.
	NotRecovered(reason string)
}

// Why a client that asks for a session starts anew.
const (
	NotRecoveredUnreadable = "unreadable" // the pid or the offset is none of ours
	NotRecoveredForged     = "forged"     // the pid was made up, or by a server with another secret
	NotRecoveredUnknown    = "unknown"    // the session has ended, or the client was away for too long
	NotRecoveredSessions   = "sessions"   // Sessions could not be asked
	NotRecoveredUser       = "user"       // it is the session of another user
	NotRecoveredRefused    = "refused"    // by the application, see Namespace.OnRecover
	NotRecoveredFuture     = "future"     // the offset is later than all that was told
	NotRecoveredLimit      = "limit"      // it has missed too much
	NotRecoveredLog        = "log"        // what it has missed is in memory no more, and can't be read
)

// RecoveredMissedNothing, RecoveredFromMemory and RecoveredFromLog are the sources that RecoveryObserver.Recovered is told.
const (
	RecoveredMissedNothing = "none"
	RecoveredFromMemory    = "memory"
	RecoveredFromLog       = "log"
)

package socketio

import (
	"context"
	"sync"
	"sync/atomic"
)

// savedSessions writes sessions down at once. A server that is killed writes nothing any more.
type savedSessions struct {
	generation atomic.Int64 // of the server that writes
	changes    atomic.Int64

	mu     sync.Mutex
	byID   map[sessionID]savedSession
	ended  []string
	failed error // of Claim
}

type savedSession struct {
	SavedSession
	generation int64 // of the server that has it
}

func (ss *savedSessions) Changed(s *Socket) {
	ss.changes.Add(1)
	saved := s.Session()
	if saved.SID == "" {
		return
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.byID == nil {
		ss.byID = make(map[sessionID]savedSession)
	}
	ss.byID[sessionID{saved.Namespace, saved.SID}] = savedSession{saved, ss.generation.Load()}
}

func (ss *savedSessions) Ended(namespace, sid string) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	delete(ss.byID, sessionID{namespace, sid})
	ss.ended = append(ss.ended, namespace+" "+sid)
}

func (ss *savedSessions) Claim(_ context.Context, namespace, sid string) (*SavedSession, error) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	saved, ok := ss.byID[sessionID{namespace, sid}]
	if ss.failed != nil || !ok || saved.generation == ss.generation.Load() {
		return nil, ss.failed
	}
	saved.generation = ss.generation.Load()
	ss.byID[sessionID{namespace, sid}] = saved
	return &saved.SavedSession, nil
}

func (ss *savedSessions) takeEnded() []string {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ended := ss.ended
	ss.ended = nil
	return ended
}

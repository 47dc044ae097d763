package chat

import (
	"container/list"
	"hash/maphash"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Bounds of what is remembered of messages that carry an id of their client's. The share of one user is small, so that
// nobody alone can have the messages of others forgotten before their time.
const (
	resendWindow       = 2 * time.Minute
	maxResendsOfUser   = 1000
	maxResendBytes     = 64 << 20
	maxResendUserBytes = 2 << 20
	maxAttached        = 32  // resends that wait for the same commit
	resendOverhead     = 512 // bytes of one, roughly
)

// resends knows the messages of the last two minutes by the ids that their clients gave to them, so that what is
// sent twice (the client's option `retries`, an ack that was lost) is stored and heard once. Any goroutine may use it;
// mu is held for a few instructions, and no request is answered under it.
type resends struct {
	observer Observer

	mu    lockorder.Mutex[resends]
	users map[string]*sender
	queue list.List // *sent of all users, by arrival
	bytes int
}

// sender is what is remembered of one user.
type sender struct {
	byKey map[resendKey]*sent
	queue list.List // *sent by arrival
	bytes int
}

// resendKey tells the messages of a user apart.
type resendKey struct {
	to place
	id contract.ClientID
}

// sent is a message that may be sent again.
type sent struct {
	key       resendKey
	user      string
	text      uint64 // hash: another text under the same id is another message
	at        time.Time
	size      int
	answer    contract.Answer // nil until it is stored
	attached  []asker         // resends that came before
	forgotten bool
	ambiguous bool // another text came under its id, which is then of the client rather than of a message

	ofAll, ofUser *list.Element
}

var textSeed = maphash.MakeSeed()

func newResends(o Observer) *resends {
	return &resends{observer: o, users: make(map[string]*sender)}
}

// open notes that a user sends a message with that id of the client's, or finds that it repeats one. A repeated message
// gets the answer of the first one: at once, or, where the answer is nil, by end once the first one has it. The caller
// calls end once for a message that repeats none. A message without an id is never a resend, and sent is nil.
func (rs *resends) open(user string, to place, id contract.ClientID, text string, by asker) (s *sent, answer contract.Answer, repeated bool) {
	if id.Value == "" {
		return nil, nil, false
	}
	now, key, hash := time.Now(), resendKey{to, id}, maphash.String(textSeed, text)
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.expire(now)
	u := rs.users[user]
	if u == nil {
		u = &sender{byKey: make(map[resendKey]*sent)}
		rs.users[user] = u
	}
	first := u.byKey[key]
	if first != nil && !first.ambiguous && first.text == hash {
		return nil, first.again(by), true
	}
	s = &sent{key: key, user: user, text: hash, at: now, ambiguous: first != nil && id.Shared}
	u.byKey[key] = s // the latest of those that share an id
	s.ofAll, s.ofUser = rs.queue.PushBack(s), u.queue.PushBack(s)
	rs.grow(u, s, resendOverhead+len(user)+len(id.Key)+len(id.Value)+len(to.room)+len(to.receiver))
	return s, nil, false
}

// again returns the answer to a resend, or keeps who asked until there is one. mu is held.
func (s *sent) again(by asker) contract.Answer {
	switch {
	case s.answer != nil:
		return s.answer
	case len(s.attached) == maxAttached:
		return contract.Failure{Code: contract.RateLimited, Text: "the message is on its way already, slow down"}
	}
	by.forget()
	s.attached = append(s.attached, by)
	return nil
}

// end gives a message its answer, and its resends the same. One that was not stored is forgotten: sent again, it is
// tried again.
func (rs *resends) end(s *sent, answer contract.Answer) {
	if s == nil {
		return
	}
	for _, by := range rs.settle(s, answer) {
		func() {
			defer by.survive()
			by.answer(answer)
		}()
	}
}

func (rs *resends) settle(s *sent, answer contract.Answer) (attached []asker) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	attached, s.attached = s.attached, nil
	success, ok := answer.(contract.Success)
	if s.forgotten {
		return attached
	}
	if !ok {
		rs.forget(s)
		return attached
	}
	s.answer = answer
	rs.grow(rs.users[s.user], s, len(success.Message))
	return attached
}

// grow counts bytes of a user's message, and forgets the oldest, the user's own first, while there are too many. mu is held.
func (rs *resends) grow(u *sender, s *sent, n int) {
	s.size += n
	u.bytes += n
	rs.bytes += n
	forgotten := 0
	for ; u.queue.Len() > maxResendsOfUser || u.bytes > maxResendUserBytes && u.queue.Len() > 1; forgotten++ {
		rs.forget(u.queue.Front().Value.(*sent))
	}
	for ; rs.bytes > maxResendBytes; forgotten++ {
		rs.forget(rs.queue.Front().Value.(*sent))
	}
	if forgotten > 0 {
		rs.observer.ResendsForgotten(forgotten)
	}
}

// expire forgets what is too old to be sent again. mu is held.
func (rs *resends) expire(now time.Time) {
	for oldest := rs.queue.Front(); oldest != nil && now.Sub(oldest.Value.(*sent).at) > resendWindow; oldest = rs.queue.Front() {
		rs.forget(oldest.Value.(*sent))
	}
}

// forget takes a message out. mu is held.
func (rs *resends) forget(s *sent) {
	s.forgotten, s.answer = true, nil
	u := rs.users[s.user]
	rs.bytes -= s.size
	u.bytes -= s.size
	rs.queue.Remove(s.ofAll)
	u.queue.Remove(s.ofUser)
	if u.byKey[s.key] == s {
		delete(u.byKey, s.key)
	}
	if u.queue.Len() == 0 {
		delete(rs.users, s.user)
	}
}

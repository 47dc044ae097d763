package lookup

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Question is what was asked, as a hash: the token of a session is not kept.
type Question [sha256.Size]byte

// About returns the question about these words. Words that are divided in another way are another question.
func About(words ...string) Question {
	var text []byte
	for _, w := range words {
		text = binary.AppendUvarint(text, uint64(len(w)))
		text = append(text, w...)
	}
	return sha256.Sum256(text)
}

const (
	remembered   = 2 * time.Second // at least, where there is room; at most twice that
	mostRefusals = 8192            // of that time: half a megabyte
)

// refusals are the questions that were answered with no a moment ago. Its zero value is ready; any goroutine may use it.
type refusals struct {
	mu            lockorder.Mutex[refusals]
	turned        time.Time
	recent, older map[Question]struct{}
}

func (r *refusals) add(q Question) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn()
	if r.recent == nil {
		r.recent = make(map[Question]struct{})
	}
	r.recent[q] = struct{}{}
}

func (r *refusals) has(q Question) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn()
	_, recent := r.recent[q]
	_, older := r.older[q]
	return recent || older
}

// turn forgets what is old, or too much. mu is held.
func (r *refusals) turn() {
	now := time.Now()
	switch age := now.Sub(r.turned); {
	case age >= 2*remembered:
		r.older = nil
	case age >= remembered, len(r.recent) >= mostRefusals:
		r.older = r.recent
	default:
		return
	}
	r.recent, r.turned = nil, now
}

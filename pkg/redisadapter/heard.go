package redisadapter

import "time"

// clocksDiffer is by how much the clocks of two servers may differ that hear each other's sealed messages.
const clocksDiffer = 5 * time.Minute

// course is a way on which messages of one sender keep their order.
type course struct{ sender, way string }

// heard is how far each course was heard: what was sealed earlier is said again by somebody else, who has overheard it. Of a sender who
// was not heard yet, the time of the seal must be near. It belongs to one goroutine.
type heard struct {
	latest map[course]uint64
	most   int // courses, until those are looked for that nobody needs any more
}

// take tells whether a message is new, by the number of its seal.
func (h *heard) take(of course, number uint64, now time.Time) bool {
	if number < numberOf(now.Add(-clocksDiffer)) || number > numberOf(now.Add(clocksDiffer)) {
		return false
	}
	before, known := h.latest[of]
	if known && number <= before {
		return false
	}
	if !known && len(h.latest) >= h.most {
		h.forget(now)
	}
	h.latest[of] = number
	return true
}

// forget lets go of courses of which nothing would be taken any more that was sealed before: for their time alone.
func (h *heard) forget(now time.Time) {
	for of, number := range h.latest {
		if number < numberOf(now.Add(-clocksDiffer)) {
			delete(h.latest, of)
		}
	}
	if h.latest == nil {
		h.latest = make(map[course]uint64)
	}
	h.most = max(1000, 2*len(h.latest))
}

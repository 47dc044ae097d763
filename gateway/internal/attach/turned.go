package attach

import (
	"net/http"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// maxTurned is how many requests that were turned away the app is told of in a second: whoever reaches the port can make as many as he likes. Metrics
// have them all.
const maxTurned = 100

// turnedAway is the body of TURNED.
type turnedAway struct {
	Head    head   `json:"head"`
	Code    int    `json:"code"`
	Message string `json:"message"`
	Cause   string `json:"cause"`
}

// TurnedAway tells the app of a request that became no session and found none, if it listens for these: engineio.Options.Refused. What the app
// has said itself it knows. An app that is slow, or that is told too many, misses some.
func (h *Hub) TurnedAway(r *http.Request, cause string) {
	if !h.listens.Load() {
		return
	}
	if l := h.listener(time.Since(h.began)); l != nil {
		refusal := engineio.RefusalFor(cause)
		l.tryPut(jsonFrame(opTurned, turnedAway{h.words.unpack(h.words.pack(r)), refusal.Code(), refusal.Message(), cause}))
	}
}

// listener returns a link whose app listens, unless too many were told in this second.
func (h *Hub) listener(now time.Duration) *link {
	h.mu.Lock()
	defer h.mu.Unlock()
	if second := now / time.Second; second != h.turnedIn {
		h.turnedIn, h.turned = second, 0
	}
	if h.turned >= maxTurned {
		return nil
	}
	for _, l := range h.links {
		if l.ready && l.listens.Load() {
			h.turned++
			return l
		}
	}
	return nil
}

package redisadapter

import (
	"context"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// solitude is what is known of there being no other server. Then messages gather, and instead of publishing them Redis is asked
// whether anybody but this server is subscribed: if not, publishing them at that moment would have reached nobody. It saves encoding
// them, and hearing them again.
type solitude struct {
	likely  bool // nobody was there when last looked
	crowded bool // Redis has replicas, which have subscribers of their own that nobody can count: never alone
}

// gathering is for how long messages gather while nobody is there, and so what the first ones may be late for a server that comes.
const gathering = 10 * time.Millisecond

func (p *publisher) gather() {
	if !p.solitude.likely {
		return
	}
	select {
	case <-time.After(gathering):
	case <-p.flush:
	}
}

// isAlone tells whether nobody else would hear any of these messages.
func (p *publisher) isAlone(ctx context.Context, some []outgoing) bool {
	if !p.solitude.likely {
		return false
	}
	namespaces := make(map[string]bool, 1)
	for i := range some {
		if some[i].beat == 0 {
			namespaces[some[i].ns] = true
		}
	}
	p.solitude.likely = p.countsNobody(ctx, namespaces)
	return p.solitude.likely
}

// look finds out whether it is worth asking before messages are published.
func (p *publisher) look(ctx context.Context) {
	s := &p.solitude
	s.likely = false
	if s.crowded || p.client.Mode() != rueidis.ClientModeStandalone || p.options.Others != nil && p.options.Others() {
		return
	}
	info, err := p.client.Do(ctx, p.client.B().Info().Section("replication").Build()).ToString()
	if err != nil {
		return
	}
	if s.crowded = !strings.Contains(info, "connected_slaves:0\r\n"); s.crowded {
		return
	}
	namespaces := make(map[string]bool)
	p.mu.RLock()
	for name := range p.namespaces {
		namespaces[name] = true
	}
	p.mu.RUnlock()
	s.likely = p.countsNobody(ctx, namespaces)
}

// countsNobody asks whether this server alone has the namespaces. It does not count unless its own subscriptions are there too: the
// one that is counted could be another's.
func (p *publisher) countsNobody(ctx context.Context, namespaces map[string]bool) bool {
	if len(namespaces) == 0 {
		return true
	}
	var channels []string
	for name := range namespaces {
		channels = append(channels, p.wire.counted(name), p.wire.own(name))
	}
	counts, err := p.subscribers(ctx, p.client, channels...)
	if err != nil {
		return false
	}
	for _, channel := range channels {
		if counts[channel] != 1 {
			return false
		}
	}
	return true
}

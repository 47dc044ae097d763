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

// look finds out whether it is worth asking before messages are published, and whether kept ones may go in bundles.
func (p *publisher) look(ctx context.Context) {
	s := &p.solitude
	s.likely, p.kin = false, kinship{}
	if s.crowded || p.client.Mode() != rueidis.ClientModeStandalone {
		p.cannotCount()
		return
	}
	info, err := p.client.Do(ctx, p.client.B().Info().Section("replication").Build()).ToString()
	if err != nil {
		return
	}
	if s.crowded = !strings.Contains(info, "connected_slaves:0\r\n"); s.crowded {
		p.cannotCount()
		return
	}
	namespaces := make(map[string]bool)
	p.mu.RLock()
	for name := range p.namespaces {
		namespaces[name] = true
	}
	p.mu.RUnlock()
	var kin bool
	s.likely, kin = p.count(ctx, namespaces)
	s.likely = s.likely && (p.options.Others == nil || !p.options.Others())
	p.kin.likely = kin && p.options.Kept != nil
}

// cannotCount is for where subscribers may be that nobody can count.
func (p *publisher) cannotCount() {
	sealed := p.seal != nil && p.options.Kept != nil
	p.kin = kinship{likely: sealed, certain: sealed}
}

// countsNobody asks whether this server alone has the namespaces.
func (p *publisher) countsNobody(ctx context.Context, namespaces map[string]bool) bool {
	nobody, _ := p.count(ctx, namespaces)
	return nobody
}

// count asks whether there is nobody else in the namespaces, and whether all who are there understand bundles. The one that is counted
// could be another: this server does not count unless its own subscriptions are there too.
func (p *publisher) count(ctx context.Context, namespaces map[string]bool) (nobody, kin bool) {
	if len(namespaces) == 0 {
		return true, false
	}
	var channels []string
	for name := range namespaces {
		channels = append(channels, p.wire.counted(name), p.wire.own(name), p.options.bundles(name))
	}
	counts, err := p.subscribers(ctx, p.client, channels...)
	if err != nil {
		return false, false
	}
	nobody, kin = true, true
	for name := range namespaces {
		all := counts[p.wire.counted(name)]
		nobody = nobody && all == 1 && counts[p.wire.own(name)] == 1
		kin = kin && all == counts[p.options.bundles(name)]
	}
	return nobody, kin
}

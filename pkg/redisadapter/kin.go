package redisadapter

import (
	"github.com/redis/rueidis"
)

// kinship is what is known of whether all who hear kept events understand bundles. While they seem to, kept events go in bundles, and behind
// them Redis is asked who was there: if there was somebody else, the same events are published once more, as everybody understands them.
// Who hears both knows the second by its position.
//
// A server is counted before it subscribes bundles, and subscribes these no longer than it is counted: as many of the one as of the other
// are the same servers.
type kinship struct {
	likely  bool // when last looked
	certain bool // nobody can be counted, but with a key nobody else would understand
}

// bundle returns how many of the first messages go in one bundle, 0 for none.
func (p *publisher) bundle(some []outgoing) (n int) {
	if !p.kin.likely {
		return 0
	}
	for size := 0; n < len(some) && some[n].ns == some[0].ns && size < bundleBytes && some[n].message.canBundle(); n++ {
		size += some[n].message.size()
	}
	return n
}

// census is the question who was there when bundles were published, if there are any and it has to be asked.
func (p *publisher) census(publications []publication) (command rueidis.Completed, asked bool) {
	if p.kin.certain {
		return command, false
	}
	var channels []string
	for _, one := range publications {
		if len(one.bundle) == 0 {
			continue
		}
		if ns := one.bundle[0].ns; len(channels) == 0 || channels[len(channels)-1] != p.options.bundles(ns) {
			channels = append(channels, p.wire.counted(ns), p.options.bundles(ns))
		}
	}
	if len(channels) == 0 {
		return command, false
	}
	return p.counting(p.client, channels), true
}

// areKin tells whether all servers understand bundles, by the answer to a census.
func (p *publisher) areKin(answer rueidis.RedisResult, bundled []outgoing) bool {
	counts, err := answer.AsIntMap()
	if err != nil {
		return false
	}
	for i := range bundled {
		ns := bundled[i].ns
		if i > 0 && ns == bundled[i-1].ns {
			continue
		}
		if all := counts[p.wire.counted(ns)]; all == 0 || counts[p.options.bundles(ns)] != all {
			return false
		}
	}
	return true
}

package saved

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/rueidis"
)

// Witnesses of a Redis Cluster: keys in each of so many equal parts of its slots, so that every master has some.
const (
	witnessed = 64
	slots     = 16384
	// witnessWait bounds what is waited for a master that does not answer: acks wait meanwhile, of sessions that others have.
	witnessWait = 500 * time.Millisecond
)

// witnesses tell whether a master has lost what it had, or may have: the sign of life is in one of them only, and the others fail over by
// themselves. It belongs to the writer.
type witnesses struct {
	names  []string
	beats  int64 // that were tried
	beaten int64 // the last one of them that all acknowledged
	shaken bool  // something has failed since: a master that is gone takes along what came after its last beat
	at     time.Time
}

// newWitnesses finds names below a prefix.
func newWitnesses(client rueidis.Client, prefix string) *witnesses {
	w := &witnesses{}
	parts := make(map[uint16]bool)
	for i := 0; len(w.names) < witnessed; i++ {
		name := fmt.Sprintf("%s:{%d}", prefix, i)
		command := client.B().Get().Key(name).Build()
		if part := command.Slot() / (slots / witnessed); !parts[part] {
			parts[part] = true
			w.names = append(w.names, name)
		}
	}
	return w
}

// beat counts the keys up, once in a sign of life. Anew tells that sessions are to be written anew, since a master knows less than it had
// acknowledged, or answers again.
func (w *witnesses) beat(ctx context.Context, client rueidis.Client, window time.Duration) (anew bool) {
	if time.Since(w.at) < signOfLife*9/10 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, witnessWait)
	defer cancel()
	w.at = time.Now()
	w.beats++
	commands := make(rueidis.Commands, len(w.names))
	for i, name := range w.names {
		commands[i] = client.B().Set().Key(name).Value(fmt.Sprint(w.beats)).Get().PxMilliseconds(window.Milliseconds()).Build()
	}
	less := false
	for _, answer := range client.DoMulti(ctx, commands...) {
		before, err := answer.AsInt64()
		if err != nil && !rueidis.IsRedisNil(err) {
			w.shaken = true
			return false
		}
		less = less || before < w.beaten
	}
	anew, w.shaken, w.beaten = less || w.shaken, false, w.beats
	return anew
}

package cluster

import (
	"context"
	"fmt"

	"github.com/redis/rueidis"
)

// untold is what the lease holds of a node that says nothing of its secrets, as those of earlier versions do.
const untold = "1"

// CompareSecrets counts the nodes of a prefix that have a lease, and those of them that say of other secrets than these (Options.Secrets);
// who says nothing is no stranger. The error is that of Redis. Whoever calls gives the deadline.
func CompareSecrets(ctx context.Context, client rueidis.Client, prefix, own string) (nodes, strangers int, err error) {
	k := keys{prefix}
	epochs, err := client.Do(ctx, client.B().Hkeys().Key(k.known()).Build()).AsStrSlice()
	if err != nil {
		return 0, 0, fmt.Errorf("read which gateways are known to Redis: %w", err)
	}
	asked := make([]rueidis.Completed, len(epochs))
	for i, epoch := range epochs {
		asked[i] = client.B().Get().Key(k.lease(epoch)).Build()
	}
	for _, answer := range client.DoMulti(ctx, asked...) {
		said, err := answer.ToString()
		if rueidis.IsRedisNil(err) { // it has gone
			continue
		}
		if err != nil {
			return 0, 0, fmt.Errorf("read the lease of a gateway: %w", err)
		}
		nodes++
		if said != own && said != untold {
			strangers++
		}
	}
	return nodes, strangers, nil
}

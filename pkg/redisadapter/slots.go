package redisadapter

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/redis/rueidis"
)

// slotRange is what a master of Redis Cluster has.
type slotRange struct {
	first, last uint16
	address     string
}

func readSlots(ctx context.Context, client rueidis.Client) (ranges []slotRange, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	list, err := client.Do(ctx, client.B().ClusterSlots().Build()).ToArray()
	if err != nil {
		return nil, fmt.Errorf("redisadapter: read the slots of the cluster: %w", err)
	}
	for _, one := range list {
		fields, err := one.ToArray()
		if err != nil || len(fields) < 3 {
			continue
		}
		first, err1 := fields[0].AsInt64()
		last, err2 := fields[1].AsInt64()
		master, err3 := fields[2].ToArray()
		if err1 != nil || err2 != nil || err3 != nil || len(master) < 2 {
			continue
		}
		host, _ := master[0].ToString()
		port, _ := master[1].AsInt64()
		ranges = append(ranges, slotRange{uint16(first), uint16(last), net.JoinHostPort(host, strconv.FormatInt(port, 10))})
	}
	return ranges, nil
}

// nodeOf returns the address of a slot's master, or "".
func nodeOf(ranges []slotRange, slot uint16) string {
	for _, r := range ranges {
		if slot >= r.first && slot <= r.last {
			return r.address
		}
	}
	return ""
}

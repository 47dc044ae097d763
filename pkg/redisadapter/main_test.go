package redisadapter

import (
	"testing"

	"go.uber.org/goleak"
)

// A client of a Redis Cluster sleeps for 5 s after it has looked at the cluster, also when it is closed.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*clusterClient)._refresh.func2"))
}

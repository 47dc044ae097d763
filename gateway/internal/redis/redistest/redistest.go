// Package redistest is [github.com/socketgate/socketgate/pkg/redisadapter/redistest] under the name that tests of the gateway know it by.
package redistest

import (
	"testing"

	"github.com/socketgate/socketgate/pkg/redisadapter/redistest"
)

// Server is a redis-server of a test.
type Server = redistest.Server

// Start starts one.
func Start(t testing.TB, args ...string) *Server { return redistest.Start(t, args...) }

// FreePort is one that nobody listens on.
func FreePort(t testing.TB) int { return redistest.FreePort(t) }

// Sentinel is a master, its replica, and a sentinel.
type Sentinel = redistest.Sentinel

// StartSentinel starts the three.
func StartSentinel(t testing.TB) *Sentinel { return redistest.StartSentinel(t) }

// StartCluster starts a Redis Cluster of three masters with a replica each.
func StartCluster(t testing.TB) []*Server { return redistest.StartCluster(t) }

package redistest

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// StartCluster starts a Redis Cluster of three masters with a replica each, which could take over, and returns the servers.
func StartCluster(t testing.TB) (servers []*Server) {
	t.Helper()
	args := []string{"--cluster", "create"}
	for range 6 {
		s := Start(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "1000")
		servers = append(servers, s)
		args = append(args, s.Addr())
	}
	args = append(args, "--cluster-replicas", "1", "--cluster-yes")
	if out, err := exec.Command("redis-cli", args...).CombinedOutput(); err != nil {
		t.Fatalf("make a cluster: %v\n%s", err, out)
	}
	for end := time.Now().Add(2 * patience); ; time.Sleep(20 * time.Millisecond) {
		ready := 0
		for _, s := range servers {
			info, err := s.Do("CLUSTER", "INFO").ToString()
			nodes, _ := s.Do("CLUSTER", "NODES").ToString()
			replication, _ := s.Do("INFO", "replication").ToString()
			if err == nil && strings.Contains(info, "cluster_state:ok") && strings.Count(nodes, "slave") == 3 &&
				!strings.Contains(replication, "master_link_status:down") {
				ready++
			}
		}
		if ready == len(servers) {
			return servers
		}
		if time.Now().After(end) {
			t.Fatal("the cluster is not ready")
		}
	}
}

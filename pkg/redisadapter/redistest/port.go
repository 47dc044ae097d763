package redistest

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// Below what the kernel gives to whoever asks for any port, and below those of scripts/postgres, also by the 10,000 of a Redis Cluster's
// bus.
const firstPort, ports = 11_000, 5_000

// FreePort is one for this test alone, also while nobody listens there: a server that is killed finds it again. Other processes that run
// tests (also gateway/e2e/harness/ports.js) know by a mark in the temporary folder that it is taken.
func FreePort(t testing.TB) int {
	t.Helper()
	for {
		port := firstPort + rand.IntN(ports)
		mark := filepath.Join(os.TempDir(), fmt.Sprintf("port-%d", port))
		file, err := os.OpenFile(mark, os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
		t.Cleanup(func() { os.Remove(mark) })
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			l.Close()
			return port
		}
	}
}

//go:build linux

package attack

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Against a server that takes everything and says nothing, every attack connects, and leaves nothing behind.
func TestAttackersAreGoneWhenTheAttackEnds(t *testing.T) {
	t.Parallel()
	for _, a := range All {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			a.Workers = min(a.Workers, 3)
			var accepted atomic.Int64
			var here sync.WaitGroup
			here.Go(func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					here.Go(func() {
						defer conn.Close()
						if accepted.Add(1) == int64(a.Workers) { // the first have been told of their connections by now
							stop()
						}
						io.Copy(io.Discard, conn)
					})
				}
			})
			over := make(chan struct{})
			go func() {
				defer close(over)
				a.Run(ctx, Target{Address: listener.Addr().String(), Secret: "of nobody"}, new(atomic.Int64))
			}()
			select {
			case <-over:
			case <-time.After(patience / 3):
				t.Error("it goes on, or never began")
			}
			listener.Close()
			here.Wait()
		})
	}
}

func TestEveryAttackHasANameOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, a := range All {
		if _, ok := Find(a.Name); !ok || seen[a.Name] || a.Workers == 0 {
			t.Errorf("%q is not to be found, twice there, or without workers", a.Name)
		}
		seen[a.Name] = true
	}
	if _, ok := Find("none"); ok {
		t.Error("an attack is found that there is not")
	}
}

package attach

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// leave has an app leave, and returns its end of the link, of which somebody reads what the hub says.
func leave(t *testing.T) (app net.Conn) {
	t.Helper()
	h := New(Options{Logger: slog.New(slog.DiscardHandler)})
	conn, app := net.Pipe()
	l := newLink(h, appHello{App: "one"}, conn)
	var running sync.WaitGroup
	running.Go(l.write)
	running.Go(func() { l.end(l.read(bufio.NewReader(pulse{l}))) })
	running.Go(func() { io.Copy(io.Discard, app) })
	t.Cleanup(func() {
		l.end(ShutDown)
		running.Wait()
		h.Close(context.Background())
	})
	l.bye()
	return app
}

func TestAnAppThatLeavesHasTimeForAsLongAsItIsHeardOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := leave(t)
		for said := range 3 {
			time.Sleep(byeGrace - time.Second)
			if _, err := app.Write(frame(opPing, pingBody...)); err != nil {
				t.Fatalf("after %d words: %v", said, err)
			}
		}
		time.Sleep(byeLongest - 3*(byeGrace-time.Second) + time.Second)
		if _, err := app.Write(frame(opPing, pingBody...)); err == nil {
			t.Error("the link is there after the longest time")
		}
	})
}

func TestAnAppThatLeavesAndSaysNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := leave(t)
		time.Sleep(byeGrace + time.Second)
		if _, err := app.Write(frame(opPing, pingBody...)); err == nil {
			t.Error("the link is there after its time")
		}
	})
}

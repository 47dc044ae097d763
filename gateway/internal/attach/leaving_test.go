package attach

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
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

func TestAnAppThatLeavesIsNotWrittenWhatTheNextOneMayAsWellHave(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		anew       bool
		written    []string
		forTheNext int
	}{
		"it keeps its clients":   {false, []string{"1 first", "2 said before it went", "2 gone", "held"}, 2},
		"its clients begin anew": {true, []string{"1 first", "1 second", "2 said before it went", "2 gone", "1 third", "held"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := New(Options{Logger: slog.New(slog.DiscardHandler), QueueBytes: 8 << 20})
			conn, app := net.Pipe()
			l := newLink(h, appHello{App: "one", Options: appOptions{Anew: test.anew}}, conn)
			say := func(number uint64, text string) {
				l.queue = appendPacket(l.queue, number, part{data: []byte(text)})
			}
			say(1, "first"+strings.Repeat(" ", 2*writeStep)) // the app is behind: it is written in steps
			say(1, "second")
			say(2, "said before it went")
			l.queue = append(l.queue, textFrame(opClosed, 2, "transport close")...)
			say(1, "third")
			var writer sync.WaitGroup
			writer.Go(l.write)
			l.nudge()
			r := bufio.NewReaderSize(app, 16)
			if _, err := r.Peek(1); err != nil {
				t.Fatal(err)
			}
			l.bye()
			var written []string
			for last := ""; last != "held"; {
				o, body, _, err := readFrame(r, nil, maxFrame)
				if err != nil {
					t.Fatal(err)
				}
				last = saidBy(o, body)
				written = append(written, last)
			}
			l.end(LinkLost)
			writer.Wait()
			if !slices.Equal(written, test.written) {
				t.Errorf("written: %q, want %q", written, test.written)
			}
			unsent, _ := l.unsent()
			if got := countFrames(unsent[1]); got != test.forTheNext || len(unsent) > 1 {
				t.Errorf("%d packets of client 1 are for the next process, and of %d clients", got, len(unsent))
			}
			h.Close(context.Background())
		})
	}
}

// saidBy tells what a frame says.
func saidBy(o op, body []byte) string {
	d := decoder{rest: body}
	switch o {
	case opHeld:
		return "held"
	case opClosed:
		return strconv.FormatUint(d.uvarint(), 10) + " gone"
	}
	number := d.uvarint()
	d.uvarint()
	d.byte()
	return strconv.FormatUint(number, 10) + " " + strings.TrimSpace(string(d.bytes()))
}

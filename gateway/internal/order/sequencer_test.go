package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// alone runs a gateway that commits nothing by itself, beside others that the test plays.
func alone(t *testing.T, o Options, f func(t *testing.T, c *cluster, g *gateway)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1)
		f(t, c, c.join(o, 0))
		c.finish()
	})
}

// elsewhere commits messages of another gateway, of which nobody hears unless the test tells it.
func (c *cluster) elsewhere(texts ...string) (rows []message.Kept) {
	var batch []message.Kept
	for _, text := range texts {
		batch = append(batch, message.Kept{InRoom: "a", Text: text})
	}
	return c.table.commit(0, batch...)
}

// hears has the gateway hear of messages, with all that their senders said.
func (g *gateway) hears(rows ...message.Kept) {
	for _, row := range rows {
		g.hearsTogether(row)
	}
}

func (g *gateway) hearsTogether(rows ...message.Kept) {
	var messages []Heard
	for _, row := range rows {
		messages = append(messages, Heard{row.Position, row.Previous, message.Audience{Rooms: []string{row.InRoom}}, "said", []json.RawMessage{json.RawMessage(`"` + row.Text + `, in full"`)}})
	}
	g.Heard(messages)
	clear(messages) // as who calls it may
}

// expect checks what was told: texts, with a mark for what was read, and a dash for what passed by.
func (g *gateway) expect(want string) {
	g.cluster.t.Helper()
	var list []string
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.told {
		text, full := strings.CutSuffix(strings.Trim(m.text, `"`), ", in full")
		switch {
		case m.event == "":
			text = "-"
		case !full:
			text += "*"
		}
		list = append(list, text)
	}
	if got := strings.Join(list, " "); got != want {
		g.cluster.t.Errorf("told %q, want %q", got, want)
	}
}

func TestWhatComesInAnotherOrderIsToldInThatOfTheCommitsAndOnce(t *testing.T) {
	t.Parallel()
	alone(t, Options{}, func(t *testing.T, c *cluster, g *gateway) {
		rows := c.elsewhere("1", "2", "3", "4")
		g.hears(rows[2], rows[0], rows[0], rows[3], rows[2])
		g.expect("1")
		g.hears(rows[1])
		g.expect("1 2 3 4")
		g.hears(rows...)
		g.expect("1 2 3 4")
		time.Sleep(time.Second)
		g.expect("1 2 3 4")
	})
}

func TestWhatIsHeardTogetherIsToldInTheOrderOfTheCommitsAndOnce(t *testing.T) {
	t.Parallel()
	for name, heard := range map[string][][]int{
		"in order":                   {{1, 2, 3, 4}, {5, 6}},
		"the later first":            {{5, 6}, {1, 2, 3, 4}},
		"between two":                {{1}, {5, 6}, {3, 4}, {2}},
		"twice":                      {{5, 6}, {5, 6}, {1, 2, 3, 4}, {1, 2, 3, 4}},
		"a part twice":               {{3, 4}, {2, 3, 4, 5}, {1}, {4, 5, 6}},
		"around another":             {{4}, {3, 5}, {1, 2, 6}},
		"in no order":                {{3, 1, 2}, {6, 4, 5}, {2, 2}},
		"what was told, and what is": {{1, 2}, {1, 2, 3, 4, 5, 6}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alone(t, Options{}, func(t *testing.T, c *cluster, g *gateway) {
				rows := c.elsewhere("1", "2", "3", "4", "5", "6")
				for _, together := range heard {
					var some []message.Kept
					for _, n := range together {
						some = append(some, rows[n-1])
					}
					g.hearsTogether(some...)
				}
				g.expect("1 2 3 4 5 6")
				if g.Waiting() != 0 {
					t.Errorf("%d wait", g.Waiting())
				}
			})
		})
	}
}

func TestHoleIsReadAfterATenthOfASecondAndWhatWasHeardIsToldInFull(t *testing.T) {
	t.Parallel()
	alone(t, Options{}, func(t *testing.T, c *cluster, g *gateway) {
		rows := c.elsewhere("1", "2", "3", "4")
		g.hears(rows[1], rows[3])
		time.Sleep(patience - time.Millisecond)
		if g.expect(""); g.Waiting() != 2 || g.Lag() == 0 {
			t.Errorf("%d wait, for %s", g.Waiting(), g.Lag())
		}
		time.Sleep(50 * time.Millisecond)
		if g.expect("1* 2 3* 4"); g.Waiting() != 0 || g.Lag() != 0 {
			t.Errorf("%d wait, for %s", g.Waiting(), g.Lag())
		}
	})
}

// What was committed while a hole was waited for is on its way, with all that its sender said.
func TestReadOfAHoleDoesNotOvertakeTheWire(t *testing.T) {
	t.Parallel()
	alone(t, Options{}, func(t *testing.T, c *cluster, g *gateway) {
		rows := c.elsewhere("1", "2")
		g.hears(rows[1])
		time.Sleep(patience - 10*time.Millisecond)
		later := c.elsewhere("3")
		time.Sleep(60 * time.Millisecond)
		g.expect("1* 2")
		g.hears(later...)
		g.expect("1* 2 3")
	})
}

// A commit that was undone has moved the clock: nothing will ever come of it.
func TestHoleInWhichNothingIsIsClosed(t *testing.T) {
	t.Parallel()
	alone(t, Options{}, func(t *testing.T, c *cluster, g *gateway) {
		c.table.set(func() { c.table.clock += 5 })
		g.hears(c.elsewhere("1")...)
		g.expect("")
		time.Sleep(patience + 50*time.Millisecond)
		g.expect("1")
	})
}

func TestTailIsFoundByTheClock(t *testing.T) {
	t.Parallel()
	alone(t, Options{}, func(t *testing.T, c *cluster, g *gateway) {
		time.Sleep(time.Minute)
		c.elsewhere("1")
		time.Sleep(idleClock + patience + 60*time.Millisecond)
		g.expect("1*")
	})
}

// The database is asked twice a second by a gateway where nothing happens, and not at all by one where messages follow each other.
func TestClockIsReadWhileNothingComesOnly(t *testing.T) {
	t.Parallel()
	alone(t, Options{}, func(t *testing.T, c *cluster, g *gateway) {
		before := c.table.asked()
		time.Sleep(10 * time.Second)
		if n := c.table.asked() - before; n < 18 || n > 20 {
			t.Errorf("read %d times in 10 s", n)
		}
		before = c.table.asked()
		for range 100 {
			g.hears(c.elsewhere("x")...)
			time.Sleep(100 * time.Millisecond)
		}
		if n := c.table.asked() - before; n > 1 {
			t.Errorf("read %d times in 10 s of messages", n)
		}
	})
}

func TestWhileTheWireIsGoneMessagesComeFromTheTableWithinASecond(t *testing.T) {
	t.Parallel()
	for _, noticed := range []bool{true, false} {
		alone(t, Options{}, func(t *testing.T, c *cluster, g *gateway) {
			other := c.join(Options{}, 0)
			c.wire.setGone(true, noticed)
			for i := range 5 {
				other.commit(fmt.Sprint("theirs ", i))
				time.Sleep(50 * time.Millisecond)
				g.commit(fmt.Sprint("ours ", i))
				time.Sleep(soon)
				for _, told := range []*gateway{g, other} {
					if told.all() != 2*(i+1) {
						t.Errorf("noticed %t: %s has told %d of %d", noticed, told.name, told.all(), 2*(i+1))
					}
				}
			}
		})
	}
}

func TestTableIsReadAllTheTimeWhileTheWireIsKnownToBeGone(t *testing.T) {
	t.Parallel()
	counter := &counter{}
	alone(t, Options{Observer: counter}, func(t *testing.T, c *cluster, g *gateway) {
		c.wire.setGone(true, true)
		time.Sleep(10 * time.Second)
		if n := counter.of(BecauseAway + " <nil>"); n < 35 || n > 40 {
			t.Errorf("read %d times in 10 s", n)
		}
		c.elsewhere("1", "2")
		time.Sleep(tick + 60*time.Millisecond)
		g.expect("1* 2*")
	})
}

// Somebody joins between the message, which was not decoded, and its turn.
func TestWhoComesIntoARoomHearsWhatWasHeardBefore(t *testing.T) {
	t.Parallel()
	alone(t, Options{}, func(t *testing.T, c *cluster, g *gateway) {
		g.enters("a", false)
		rows := c.elsewhere("1", "2", "3")
		for _, row := range rows[1:] {
			g.Heard([]Heard{{row.Position, row.Previous, message.Audience{Rooms: []string{"a"}}, "", nil}})
		}
		g.enters("a", true)
		g.Heard([]Heard{{rows[0].Position, rows[0].Previous, message.Audience{Rooms: []string{"a"}}, "", nil}})
		time.Sleep(50 * time.Millisecond)
		g.expect("1* 2* 3*")
		g.enters("a", false)
		row := c.elsewhere("4")[0]
		g.Heard([]Heard{{row.Position, row.Previous, message.Audience{Rooms: []string{"a"}}, "", nil}})
		g.expect("1* 2* 3* -")
	})
}

// The app has deleted the row meanwhile.
func TestMessageWhoseRowIsGoneHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var passed []uint64
		table := &fakeTable{dice: newCluster(t, 1).table.dice, committed: map[uint64]time.Time{}}
		s := New(Options{Table: table, Pass: func(position uint64, rooms []string, force bool) bool {
			if force {
				passed = append(passed, position)
			}
			return force
		}})
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer s.Close(t.Context())
		table.set(func() { table.clock = 5 })
		s.Heard([]Heard{{5, 0, message.Audience{Rooms: []string{"a"}}, "", nil}})
		time.Sleep(50 * time.Millisecond)
		if waiting := s.Waiting(); waiting != 0 || !slices.Equal(passed, []uint64{0, 5}) {
			t.Errorf("passed %d, and %d wait", passed, waiting)
		}
	})
}

func TestOwnMessageIsToldOnTheCallersGoroutineAndAckedBehindIt(t *testing.T) {
	t.Parallel()
	alone(t, Options{}, func(t *testing.T, c *cluster, g *gateway) {
		rows := c.table.commit(0, message.Kept{InRoom: "a", Text: "1"}, message.Kept{InRoom: "a", Text: "2"})
		for i, row := range rows {
			g.tellRow(row)
			if g.acked(row.Position) != 1 || g.all() != i+1 {
				t.Errorf("%d are told of %d", g.all(), i+1)
			}
		}
		g.sent = 2
	})
}

// The table has the row before the store has told that it is committed.
func TestOwnMessageThatTheTableWasFasterWithIsAckedOnce(t *testing.T) {
	t.Parallel()
	alone(t, Options{}, func(t *testing.T, c *cluster, g *gateway) {
		row := c.table.commit(0, message.Kept{InRoom: "a", Text: "1"})[0]
		time.Sleep(soon)
		g.expect("1*")
		g.tellRow(row)
		if g.expect("1*"); g.acked(row.Position) != 1 {
			t.Errorf("acked %d times", g.acked(row.Position))
		}
	})
}

func TestBeyondTheBoundMessagesAreReadLaterAndOwnOnesAckedAtOnce(t *testing.T) {
	t.Parallel()
	counter := &counter{}
	alone(t, Options{MaxWaiting: 3, Observer: counter}, func(t *testing.T, c *cluster, g *gateway) {
		rows := c.elsewhere("1", "2", "3", "4", "5", "6")
		g.hears(rows[1:]...)
		if own := g.commit("own"); g.Waiting() != 3 || g.acked(own[0].Position) != 1 {
			t.Errorf("%d wait, acked %d times", g.Waiting(), g.acked(own[0].Position))
		}
		time.Sleep(soon)
		g.expect("1* 2 3 4 5* 6* own*")
		counter.expect(t, DroppedFull, 3)
	})
	alone(t, Options{MaxWaitingBytes: 10_000, Observer: counter}, func(t *testing.T, c *cluster, g *gateway) {
		rows := c.elsewhere("1", strings.Repeat("2", 20_000), "3")
		g.hears(rows[1:]...)
		if g.Waiting() != 1 {
			t.Errorf("%d wait", g.Waiting())
		}
	})
}

// What can't be a position would have the clock of all gateways jump there. What the table has said can be one, however late.
func TestPositionThatCannotBeIsDropped(t *testing.T) {
	t.Parallel()
	counter := &counter{}
	alone(t, Options{Observer: counter}, func(t *testing.T, c *cluster, g *gateway) {
		known, hourAhead := g.Known(), uint64(time.Now().Add(time.Hour).UnixMilli())*36*36*36*36
		hear := func(at, previous uint64) {
			g.Heard([]Heard{{at, previous, message.Audience{Rooms: []string{"a"}}, "said", []json.RawMessage{[]byte("1")}}})
		}
		for _, at := range [][2]uint64{{0, 0}, {7, 7}, {7, 8}, {1 << 63, 1}, {hourAhead, 1}} {
			hear(at[0], at[1])
		}
		if g.Known() != known || g.Waiting() != 0 {
			t.Errorf("%d is known, and %d wait", g.Known(), g.Waiting())
		}
		counter.expect(t, DroppedInvalid, 5)
		g.mu.Lock()
		g.given(hourAhead + 1)
		g.mu.Unlock()
		hear(hourAhead, 1)
		hear(hourAhead+spanOf(4*time.Minute), hourAhead) // of a busy cluster, whose clock runs ahead of time: all of it was dropped
		counter.expect(t, DroppedInvalid, 5)
		hear(hourAhead+spanOf(6*time.Minute), hourAhead)
		counter.expect(t, DroppedInvalid, 6)
	})
}

// counter is an Observer.
type counter struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *counter) OrderRead(reason string, _ int, _ time.Duration, err error) {
	c.OrderDropped(fmt.Sprint(reason, " ", err))
}
func (c *counter) OrderLost() { c.OrderDropped("lost") }

func (c *counter) OrderDropped(cause string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = make(map[string]int)
	}
	c.counts[cause]++
}

func (c *counter) expect(t *testing.T, what string, want int) {
	t.Helper()
	if n := c.of(what); n != want {
		t.Errorf("%s: %d, want %d", what, n, want)
	}
}

func (c *counter) of(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[what]
}

func TestStartFailsWithoutTheClockAndMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1)
		c.table.outage(time.Second)
		s := New(Options{Table: c.table, Pass: func(uint64, []string, bool) bool { return true }})
		if err := s.Start(t.Context()); !errors.Is(err, errDown) {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Second)
		if err := s.Start(context.Background()); err != nil {
			t.Error(err)
		}
		s.Close(t.Context())
	})
}

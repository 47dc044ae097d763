package presence

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// town is rooms with people who stay, on fake time, and what telling them has cost since they all came.
type town struct {
	*Rosters
	mu      sync.Mutex
	cost    map[string]int
	lists   map[string]int
	delayed map[string]int
}

const bytesEach = 55 // of a person in a list, about

func withTown(t *testing.T, rate int, sizes map[string]int, f func(t *testing.T, w *town)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &town{delayed: make(map[string]int)}
		w.Rosters = New(Options{Rate: rate, Announce: w.announce, Delayed: w.late})
		defer w.Close()
		w.cost, w.lists = map[string]int{}, map[string]int{}
		for room, people := range sizes {
			for i := range people {
				w.Enter(room, someone(fmt.Sprint(room, i)))
			}
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		clear(w.cost)
		clear(w.lists)
		clear(w.delayed)
		f(t, w)
	})
}

func (w *town) announce(room string, list List) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	cost := bytesEach * list.Count * list.Sockets
	w.cost[room] += cost
	w.lists[room]++
	return cost
}

func (w *town) late(reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delayed[reason]++
}

func (w *town) lateFor(reason string) int {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.delayed[reason]
}

func (w *town) total() (cost int) {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.cost {
		cost += c
	}
	return cost
}

func (w *town) listsOf(room string) int {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lists[room]
}

// Ten hops a second are 570 bytes, and were 34 MB of lists.
func TestHoppingBetweenRoomsIsPaidForByWhoHops(t *testing.T) {
	withTown(t, 0, map[string]int{"a": 300, "b": 300}, func(t *testing.T, w *town) {
		eve, room := someone("eve"), "a"
		hop := func(minutes time.Duration) {
			for end := time.Now().Add(minutes * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
				w.Leave(room, eve)
				room = map[string]string{"a": "b", "b": "a"}[room]
				w.Enter(room, eve)
			}
		}
		hop(1)
		if got, most := w.total(), 2*(purse+60*pursePerSec); got > most {
			t.Errorf("%d MB in the first minute, want at most %d", got>>20, most>>20)
		}
		before := w.total()
		hop(10)
		if rate := (w.total() - before) / 600; rate > 2*pursePerSec {
			t.Errorf("then %d KB/s, want at most %d", rate>>10, 2*pursePerSec>>10)
		}
		if w.lateFor(DelayedByUser) == 0 {
			t.Error("no list was counted as delayed")
		}
		// Others are told, and tell, as ever, and eve is where she is.
		lists := w.listsOf("a")
		w.Enter("a", someone("ann"))
		time.Sleep(longestStep)
		if w.listsOf("a") == lists {
			t.Error("an honest join is not told")
		}
		time.Sleep(longestDelay)
		before = w.listsOf("a") + w.listsOf("b")
		time.Sleep(time.Hour)
		if w.listsOf("a")+w.listsOf("b") != before {
			t.Error("some list took longer than the longest delay")
		}
	})
}

// Whoever owes for a list of half a gigabyte is listed rightly within a minute all the same.
func TestNobodyIsListedWronglyForLongerThanTheLongestDelay(t *testing.T) {
	withTown(t, 0, map[string]int{"stadium": 3000}, func(t *testing.T, w *town) {
		ann := someone("ann")
		w.Enter("stadium", ann)
		time.Sleep(longestStep)
		for range 3 {
			lists := w.listsOf("stadium")
			w.Leave("stadium", ann)
			time.Sleep(longestDelay + longestStep)
			if w.listsOf("stadium") == lists {
				t.Fatal("the room does not know that she left")
			}
			w.Enter("stadium", ann)
		}
	})
}

func TestWhoComesFromAStadiumIsSeenInAKitchen(t *testing.T) {
	withTown(t, 0, map[string]int{"stadium": 3000, "kitchen": 5}, func(t *testing.T, w *town) {
		ann := someone("ann")
		w.Enter("stadium", ann)
		w.listsOf("stadium")
		w.Leave("stadium", ann)
		w.Enter("kitchen", ann)
		time.Sleep(shortestStep)
		if w.listsOf("kitchen") != 1 {
			t.Error("the kitchen was not told within a step")
		}
		w.Leave("kitchen", ann)
		time.Sleep(2 * shortestStep)
		if w.listsOf("kitchen") != 2 {
			t.Error("the kitchen was not told soon that she left")
		}
		if !w.Enter("a room of her own", ann) {
			t.Error("she is not told of a new room at once")
		}
	})
}

func TestOneWhoHopsThroughManyRoomsIsBoundedInAll(t *testing.T) {
	sizes := map[string]int{}
	for i := range 40 {
		sizes[fmt.Sprint(i)] = 100
	}
	withTown(t, 0, sizes, func(t *testing.T, w *town) {
		eve := someone("eve")
		for i := range 6000 { // ten minutes
			w.Leave(fmt.Sprint(i%40), eve)
			w.Enter(fmt.Sprint((i+1)%40), eve)
			time.Sleep(100 * time.Millisecond)
		}
		if got, most := w.total(), 2*(purse+600*pursePerSec); got > most {
			t.Errorf("%d MB in ten minutes, want at most %d", got>>20, most>>20)
		}
	})
}

func TestAThousandWhoComeBackInASecondAreToldWithinSeconds(t *testing.T) {
	withTown(t, 64<<20, map[string]int{"small": 10}, func(t *testing.T, w *town) {
		for i := range 1000 {
			w.Enter("r", someone(fmt.Sprint(i)))
			time.Sleep(time.Millisecond)
		}
		w.Enter("small", someone("one more"))
		if w.listsOf("small") != 1 {
			t.Error("a small room waits for a large one")
		}
		time.Sleep(2 * longestStep)
		lists := w.listsOf("r")
		time.Sleep(time.Hour)
		if w.listsOf("r") != lists {
			t.Error("the last list came late")
		}
		if n := w.lateFor(DelayedByUser); n > 0 {
			t.Errorf("%d lists of honest users were delayed", n)
		}
	})
}

func TestListsOfAllRoomsShareOneBudget(t *testing.T) {
	const rate = 8 << 20
	sizes := map[string]int{}
	for i := range 50 {
		sizes[fmt.Sprint(i)] = 200
	}
	withTown(t, rate, sizes, func(t *testing.T, w *town) {
		for i := range 600 { // each by another user, in a minute
			w.Enter(fmt.Sprint(i%50), someone(fmt.Sprint("new", i)))
			time.Sleep(100 * time.Millisecond)
		}
		if got, most := w.total(), 62*rate; got > most {
			t.Errorf("%d MB in a minute, want at most %d", got>>20, most>>20)
		}
		if w.lateFor(DelayedByTotal) == 0 {
			t.Error("no list was counted as delayed")
		}
		time.Sleep(10 * time.Minute)
		for room := range sizes {
			if n := w.listsOf(room); n == 0 {
				t.Errorf("room %s was never told", room)
			}
		}
	})
}

func TestAnotherTabCostsTheRoomNothing(t *testing.T) {
	withTown(t, 0, map[string]int{"r": 100}, func(t *testing.T, w *town) {
		w.Enter("r", someone("eve"))
		w.listsOf("r")
		for range 100 {
			if w.Enter("r", someone("eve")) {
				t.Error("the room will be told of a tab")
			}
			w.Leave("r", someone("eve"))
			time.Sleep(longestStep)
		}
		if n := w.listsOf("r"); n != 1 {
			t.Errorf("%d lists, want 1", n)
		}
	})
}

// Whoever has paid leaves no trace.
func TestPursesAreForgotten(t *testing.T) {
	withTown(t, 0, map[string]int{"r": 100}, func(t *testing.T, w *town) {
		for i := range 10_000 {
			p := someone(fmt.Sprint("one of many", i))
			w.Enter("r", p)
			time.Sleep(longestStep)
			w.Leave("r", p)
			time.Sleep(longestStep)
		}
		if n := len(w.purses); n > 100 {
			t.Errorf("%d purses are kept", n)
		}
	})
}

func TestARoomThatIsLeftIsForgottenWhateverItsLastMemberOwes(t *testing.T) {
	withTown(t, 0, map[string]int{"a": 1000, "b": 1000}, func(t *testing.T, w *town) {
		eve := someone("eve")
		for range 10 {
			w.Enter("a", eve)
			time.Sleep(longestStep)
			w.Leave("a", eve)
		}
		for i := range 100 {
			w.Enter(fmt.Sprint("own", i), eve)
			w.Leave(fmt.Sprint("own", i), eve)
		}
		time.Sleep(longestStep)
		synctest.Wait()
		if n := w.Rooms(); n != 2 {
			t.Errorf("%d rooms are kept", n)
		}
	})
}

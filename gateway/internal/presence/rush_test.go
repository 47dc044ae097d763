package presence

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// A person who came back with 10,000 others heard three lists on the way, and each is a write of its own.
func TestWhoComesInARushHearsFewLists(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rooms, people, storm = 100, 10_000, 1200 * time.Millisecond
		copies, last := 0, make(map[string]int)
		r := New(Options{Announce: func(room string, list List) int {
			copies += list.Sockets
			last[room] = list.Count
			return 0
		}})
		defer r.Close()
		for i := range people {
			r.Enter(fmt.Sprint(i%rooms), someone(fmt.Sprint(i)))
			time.Sleep(storm / people)
		}
		time.Sleep(rushStep)
		synctest.Wait()
		if each := float64(copies) / people; each > 2 {
			t.Errorf("%.1f lists each", each)
		}
		for room, count := range last {
			if count != people/rooms {
				t.Errorf("room %s ends with a list of %d", room, count)
			}
		}
	})
}

func TestARushEndsWithThoseWhoMakeIt(t *testing.T) {
	withRosters(t, 0, func(t *testing.T, r *Rosters, heard *told) {
		for i := range 10 * rushAfter {
			r.Enter("elsewhere", someone(fmt.Sprint(i)))
		}
		time.Sleep(rushStep)
		synctest.Wait()
		heard.take()
		r.Enter("r", someone("a"))
		expect(t, heard, listA)
		r.Enter("r", someone("b"))
		time.Sleep(shortestStep)
		expect(t, heard, listAB)
	})
}

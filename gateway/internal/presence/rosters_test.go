package presence

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// told is what rooms were told, in order.
type told struct {
	mu    sync.Mutex
	lists []string
	cost  int
}

func (t *told) announce(room string, list List) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lists = append(t.lists, room+" "+string(list.Array(0)))
	return t.cost
}

func (t *told) take() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lists := t.lists
	t.lists = nil
	return lists
}

func someone(id string) *contract.Person {
	return contract.NewPerson(id, rawjson.Quote(id), "N"+id)
}

// withRosters runs a test on fake time.
func withRosters(t *testing.T, cost int, f func(t *testing.T, r *Rosters, heard *told)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		heard := &told{cost: cost}
		r := New(Options{Rate: 2 * membersBudget, Announce: heard.announce})
		defer r.Close()
		f(t, r, heard)
	})
}

func expect(t *testing.T, heard *told, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := heard.take(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

const (
	listA  = `r [{"userId":"a","username":"Na"}]`
	listAB = `r [{"userId":"a","username":"Na"},{"userId":"b","username":"Nb"}]`
	listB  = `r [{"userId":"b","username":"Nb"}]`
)

func TestFirstChangeIsToldAtOnce(t *testing.T) {
	withRosters(t, 0, func(t *testing.T, r *Rosters, heard *told) {
		r.Enter("r", someone("a"))
		expect(t, heard, listA)
	})
}

func TestThreeTabsAreOneMember(t *testing.T) {
	withRosters(t, 0, func(t *testing.T, r *Rosters, heard *told) {
		a, b := someone("a"), someone("b")
		r.Enter("r", b)
		for range 3 {
			r.Enter("r", a)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		heard.take()
		r.Leave("r", a)
		r.Leave("r", a)
		time.Sleep(time.Minute)
		expect(t, heard) // one tab is left
		r.Leave("r", a)
		expect(t, heard, listB)
	})
}

// Who has changed their name has it on the list as soon as one tab has the new token.
func TestTheLatestNameOfAPersonIsTold(t *testing.T) {
	withRosters(t, 0, func(t *testing.T, r *Rosters, heard *told) {
		before, after := someone("a"), contract.NewPerson("a", rawjson.Quote("a"), "New")
		r.Enter("r", before)
		expect(t, heard, listA)
		r.Enter("r", after)
		time.Sleep(shortestStep)
		expect(t, heard, `r [{"userId":"a","username":"New"}]`)
		r.Leave("r", before)
		r.TellAgain("r", before)
		time.Sleep(shortestStep)
		expect(t, heard, `r [{"userId":"a","username":"New"}]`)
	})
}

func TestChangesGatherAndTheLastStateArrives(t *testing.T) {
	withRosters(t, membersBudget, func(t *testing.T, r *Rosters, heard *told) { // each list costs a second
		r.Enter("r", someone("a"))
		expect(t, heard, listA)
		for range 100 {
			r.Enter("r", someone("b"))
			r.Leave("r", someone("b"))
			r.Enter("r", someone("c"))
			r.Leave("r", someone("c"))
		}
		r.Enter("r", someone("b"))
		expect(t, heard) // not yet
		time.Sleep(time.Second - time.Nanosecond)
		expect(t, heard)
		time.Sleep(time.Nanosecond)
		expect(t, heard, listAB)
	})
}

func TestJoinStormCostsStepsNotJoins(t *testing.T) {
	withRosters(t, 0, func(t *testing.T, r *Rosters, heard *told) {
		for i := range 1000 {
			r.Enter("r", someone(fmt.Sprint(i)))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(longestStep)
		synctest.Wait()
		if lists := heard.take(); len(lists) > 25 { // a second of 50 ms steps, and the first and last
			t.Errorf("1000 joins in a second were told in %d lists", len(lists))
		}
		if got := len(r.List("r").People); got != 1000 {
			t.Errorf("%d members, want 1000", got)
		}
	})
}

func TestOneBusyRoomDoesNotDelayAnother(t *testing.T) {
	withRosters(t, 100*membersBudget, func(t *testing.T, r *Rosters, heard *told) {
		r.Enter("busy", someone("a"))
		synctest.Wait()
		r.Enter("busy", someone("b"))
		synctest.Wait()
		heard.take()
		r.Enter("r", someone("a"))
		expect(t, heard, listA)
	})
}

func TestEmptyRoomsAreForgotten(t *testing.T) {
	withRosters(t, 0, func(t *testing.T, r *Rosters, heard *told) {
		for i := range 1000 {
			room := fmt.Sprint(i)
			r.Enter(room, someone("a"))
			r.Leave(room, someone("a"))
		}
		time.Sleep(longestStep)
		synctest.Wait()
		if got := r.Rooms(); got != 0 {
			t.Errorf("%d rooms are kept", got)
		}
	})
}

func TestMembersStayInTheOrderOfArrival(t *testing.T) {
	withRosters(t, 0, func(t *testing.T, r *Rosters, heard *told) {
		people := make([]*contract.Person, 100)
		for i := range people {
			people[i] = someone(fmt.Sprint(i))
			r.Enter("r", people[i])
		}
		for i, p := range people {
			if i%3 != 0 {
				r.Leave("r", p)
			}
		}
		for i, p := range r.List("r").People {
			if p != people[3*i] {
				t.Fatalf("member %d is %s, want %s", i, p.ID, people[3*i].ID)
			}
		}
	})
}

func TestListHasTheShapeThatTheAppWants(t *testing.T) {
	t.Parallel()
	here := newRoster("r")
	here.enter(someone("a"))
	here.enter(someone("b"))
	list := here.list(1)
	for shape, want := range map[contract.Shape]string{
		contract.ShapeArray:  `[{"userId":"a","username":"Na"}]`,
		contract.ShapeObject: `{"roomId":"r","count":2,"members":[{"userId":"a","username":"Na"}]}`,
		contract.ShapeCount:  `{"roomId":"r","count":2}`,
	} {
		if got := string(list.Shaped(shape, "r", 0)); got != want {
			t.Errorf("%s: %s, want %s", shape, got, want)
		}
	}
}

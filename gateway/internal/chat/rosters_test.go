package chat

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// told is what rooms were told, in order.
type told struct {
	mu    sync.Mutex
	lists []string
	cost  int
}

func (t *told) announce(room string, list memberList) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lists = append(t.lists, room+" "+string(new(Chat).array(list)))
	return t.cost
}

func (t *told) take() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lists := t.lists
	t.lists = nil
	return lists
}

func someone(id string) *person {
	return &person{id: id, idJSON: quote(id), name: "N" + id, nameJSON: quote("N" + id)}
}

// withRosters runs a test on fake time.
func withRosters(t *testing.T, cost int, f func(t *testing.T, r *rosters, heard *told)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		heard := &told{cost: cost}
		r := newRosters(0, heard.announce)
		defer r.close()
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
	withRosters(t, 0, func(t *testing.T, r *rosters, heard *told) {
		r.enter("r", someone("a"))
		expect(t, heard, listA)
	})
}

func TestThreeTabsAreOneMember(t *testing.T) {
	withRosters(t, 0, func(t *testing.T, r *rosters, heard *told) {
		a, b := someone("a"), someone("b")
		r.enter("r", b)
		for range 3 {
			r.enter("r", a)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		heard.take()
		r.leave("r", a)
		r.leave("r", a)
		time.Sleep(time.Minute)
		expect(t, heard) // one tab is left
		r.leave("r", a)
		expect(t, heard, listB)
	})
}

// Who has changed their name has it on the list as soon as one tab has the new token.
func TestTheLatestNameOfAPersonIsTold(t *testing.T) {
	withRosters(t, 0, func(t *testing.T, r *rosters, heard *told) {
		before, after := someone("a"), someone("a")
		after.name, after.nameJSON = "New", quote("New")
		r.enter("r", before)
		expect(t, heard, listA)
		r.enter("r", after)
		time.Sleep(shortestStep)
		expect(t, heard, `r [{"userId":"a","username":"New"}]`)
		r.leave("r", before)
		r.again("r")
		time.Sleep(shortestStep)
		expect(t, heard, `r [{"userId":"a","username":"New"}]`)
	})
}

func TestChangesGatherAndTheLastStateArrives(t *testing.T) {
	withRosters(t, membersBudget, func(t *testing.T, r *rosters, heard *told) { // each list costs a second
		r.enter("r", someone("a"))
		expect(t, heard, listA)
		for range 100 {
			r.enter("r", someone("b"))
			r.leave("r", someone("b"))
			r.enter("r", someone("c"))
			r.leave("r", someone("c"))
		}
		r.enter("r", someone("b"))
		expect(t, heard) // not yet
		time.Sleep(time.Second - time.Nanosecond)
		expect(t, heard)
		time.Sleep(time.Nanosecond)
		expect(t, heard, listAB)
	})
}

func TestJoinStormCostsStepsNotJoins(t *testing.T) {
	withRosters(t, 0, func(t *testing.T, r *rosters, heard *told) {
		for i := range 1000 {
			r.enter("r", someone(fmt.Sprint(i)))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(longestStep)
		synctest.Wait()
		if lists := heard.take(); len(lists) > 25 { // a second of 50 ms steps, and the first and last
			t.Errorf("1000 joins in a second were told in %d lists", len(lists))
		}
		if got := len(r.list("r").people); got != 1000 {
			t.Errorf("%d members, want 1000", got)
		}
	})
}

func TestOneBusyRoomDoesNotDelayAnother(t *testing.T) {
	withRosters(t, 100*membersBudget, func(t *testing.T, r *rosters, heard *told) {
		r.enter("busy", someone("a"))
		synctest.Wait()
		r.enter("busy", someone("b"))
		synctest.Wait()
		heard.take()
		r.enter("r", someone("a"))
		expect(t, heard, listA)
	})
}

func TestEmptyRoomsAreForgotten(t *testing.T) {
	withRosters(t, 0, func(t *testing.T, r *rosters, heard *told) {
		for i := range 1000 {
			room := fmt.Sprint(i)
			r.enter(room, someone("a"))
			r.leave(room, someone("a"))
		}
		time.Sleep(longestStep)
		synctest.Wait()
		if got := r.count(); got != 0 {
			t.Errorf("%d rooms are kept", got)
		}
	})
}

func TestMembersStayInTheOrderOfArrival(t *testing.T) {
	withRosters(t, 0, func(t *testing.T, r *rosters, heard *told) {
		people := make([]*person, 100)
		for i := range people {
			people[i] = someone(fmt.Sprint(i))
			r.enter("r", people[i])
		}
		for i, p := range people {
			if i%3 != 0 {
				r.leave("r", p)
			}
		}
		for i, p := range r.list("r").people {
			if p != people[3*i] {
				t.Fatalf("member %d is %s, want %s", i, p.id, people[3*i].id)
			}
		}
	})
}

func TestListHasTheShapeThatTheAppWants(t *testing.T) {
	t.Parallel()
	here := &roster{people: make(map[string]*presence)}
	here.enter(someone("a"))
	here.enter(someone("b"))
	list := here.list(1)
	for shape, want := range map[Shape]string{
		ShapeArray:  `[{"userId":"a","username":"Na"}]`,
		ShapeObject: `{"roomId":"r","count":2,"members":[{"userId":"a","username":"Na"}]}`,
		ShapeCount:  `{"roomId":"r","count":2}`,
	} {
		c := &Chat{options: Options{MembersShape: shape}}
		if got := string(c.shaped(list, "r")); got != want {
			t.Errorf("%s: %s, want %s", shape, got, want)
		}
	}
}

func TestListOfLongNamesDoesNotFillTheQueues(t *testing.T) {
	t.Parallel()
	c := &Chat{options: Options{MaxEvent: 1000}}
	var list memberList
	for i := range 100 {
		list.people = append(list.people, someone(fmt.Sprint(i)))
	}
	got := c.array(list)
	if len(got) > 1000 || len(got) < 900 || !json.Valid(got) {
		t.Errorf("%d bytes, want at most 1000: %s", len(got), got)
	}
}

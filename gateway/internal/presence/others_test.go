package presence

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// elsewhere is other gateways that a test speaks for.
type elsewhere struct {
	serve   func([]Change)
	heard   []string
	opened  uint64
	lingers bool
}

func (e *elsewhere) Serve(serve func([]Change)) { e.serve = serve }

func (e *elsewhere) Open(room string) uint64 {
	e.opened++
	e.heard = append(e.heard, "open "+room)
	return e.opened
}

func (e *elsewhere) Forget(room string) { e.heard = append(e.heard, "forget "+room) }

func (e *elsewhere) Entered(room string, p *contract.Person) {
	e.heard = append(e.heard, fmt.Sprintf("%s in %s as %s", p.ID, room, p.Name))
}

func (e *elsewhere) Left(room, user string, away bool) bool {
	e.heard = append(e.heard, fmt.Sprintf("%s out of %s %v", user, room, away))
	return away && e.lingers
}

// says tells of a person at so many more gateways in the room that was opened last.
func (e *elsewhere) says(id string, gateways int) {
	e.serve([]Change{{Room: "r", Opening: e.opened, Person: someone(id), Gateways: gateways}})
}

func (e *elsewhere) knows() { e.serve([]Change{{Room: "r", Opening: e.opened, Known: true}}) }

func withOthers(t *testing.T, f func(t *testing.T, r *Rosters, heard *told, others *elsewhere)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		heard, others := &told{}, &elsewhere{}
		r := New(Options{Announce: heard.announce, Others: others})
		defer r.Close()
		f(t, r, heard, others)
	})
}

func TestRoomIsToldWhenItIsKnownWhoIsElsewhereAndNotBefore(t *testing.T) {
	withOthers(t, func(t *testing.T, r *Rosters, heard *told, others *elsewhere) {
		if !r.Enter("r", someone("b")) {
			t.Error("who enters first is not told by the room's list")
		}
		others.says("a", 1)
		time.Sleep(time.Minute)
		expect(t, heard)
		others.knows()
		expect(t, heard, `r [{"userId":"b","username":"Nb"},{"userId":"a","username":"Na"}]`)
		others.says("a", -1)
		time.Sleep(shortestStep)
		expect(t, heard, listB)
	})
}

func TestPersonIsListedOnceUntilTheyAreNowhere(t *testing.T) {
	withOthers(t, func(t *testing.T, r *Rosters, heard *told, others *elsewhere) {
		r.Enter("r", someone("b"))
		others.knows()
		others.says("a", 1)
		others.says("a", 1)
		r.Enter("r", someone("a"))
		time.Sleep(time.Minute)
		synctest.Wait()
		heard.take()
		others.says("a", -1)
		r.Leave("r", someone("a"))
		time.Sleep(time.Minute)
		expect(t, heard) // still at one gateway
		others.says("a", -1)
		expect(t, heard, listB)
		others.says("a", -1) // of somebody who is not there
		time.Sleep(time.Minute)
		expect(t, heard)
	})
}

func TestOthersHearOfFirstAndLastTabsAndOfNames(t *testing.T) {
	withOthers(t, func(t *testing.T, r *Rosters, heard *told, others *elsewhere) {
		a := someone("a")
		for range 3 {
			r.Enter("r", a)
		}
		others.knows()
		r.Enter("r", contract.NewPerson("a", rawjson.Quote("a"), "New"))
		for range 4 {
			r.Leave("r", a)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		want := []string{"open r", "a in r as Na", "a in r as New", "a out of r false", "forget r"}
		if !slices.Equal(others.heard, want) {
			t.Errorf("heard %q, want %q", others.heard, want)
		}
	})
}

func TestWhatWasSaidOfARoomThatWasForgottenIsOver(t *testing.T) {
	withOthers(t, func(t *testing.T, r *Rosters, heard *told, others *elsewhere) {
		r.Enter("r", someone("b"))
		others.knows()
		r.Leave("r", someone("b"))
		time.Sleep(time.Minute)
		synctest.Wait()
		r.Enter("r", someone("b"))
		others.serve([]Change{{Room: "r", Opening: 1, Person: someone("a"), Gateways: 1}})
		others.knows()
		if n := r.List("r").Count; n != 1 {
			t.Errorf("%d members", n)
		}
	})
}

func TestWhoLingersStaysOnTheListInTheirPlace(t *testing.T) {
	withOthers(t, func(t *testing.T, r *Rosters, heard *told, others *elsewhere) {
		others.lingers = true
		r.Enter("r", someone("a"))
		r.Enter("r", someone("b"))
		others.knows()
		expect(t, heard, listAB)
		r.Away("r", someone("a"))
		time.Sleep(time.Minute)
		expect(t, heard)
		if list := r.List("r"); list.Count != 2 || list.People[0].ID != "a" || list.Sockets != 1 {
			t.Errorf("%+v", list)
		}
		others.says("a", -1)
		expect(t, heard, listB)
	})
}

func TestAwaitHoldsARoomUntilItIsReleased(t *testing.T) {
	withOthers(t, func(t *testing.T, r *Rosters, heard *told, others *elsewhere) {
		waited := make(chan func())
		go func() { waited <- r.Await(t.Context(), "r") }()
		synctest.Wait()
		select {
		case <-waited:
			t.Fatal("it did not wait")
		default:
		}
		others.says("a", 1)
		others.knows()
		release := <-waited
		time.Sleep(time.Minute)
		r.Enter("r", someone("b"))
		if n := r.List("r").Count; n != 2 {
			t.Errorf("%d members", n)
		}
		r.Leave("r", someone("b"))
		release()
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := r.Rooms(); n != 0 {
			t.Errorf("%d rooms are kept", n)
		}
	})
}

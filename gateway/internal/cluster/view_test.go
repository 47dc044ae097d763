package cluster

import (
	"errors"
	"reflect"
	"testing"
	"time"
)

const other = "the other's name"

// following is a view in an epoch, which follows room r, where the other lists a and b.
func following(now time.Time) *view {
	v := newView(lease, now)
	v.registered("this one's epoch")
	v.open("r")
	v.unread(1)
	v.loaded("r", map[string]*share{other: shareOf(5, "a", "b")}, nil, now)
	v.takeChanges()
	return v
}

func shareOf(seq uint64, users ...string) *share {
	s := &share{seq: seq, users: make(map[string]string)}
	for _, user := range users {
		s.users[user] = "v"
	}
	s.digest = s.actual()
	return s
}

func TestGapInWhatAnotherSaysIsNoticedAtItsNextWord(t *testing.T) {
	t.Parallel()
	now := time.Now()
	v := following(now)
	v.hear(other, 5, 6, nil, now)
	v.peers[other].behind = false
	v.hear(other, 6, 7, nil, now)
	if v.behind() {
		t.Error("a chain without a gap has one")
	}
	v.hear(other, 8, 9, nil, now)
	if q := v.audit(10); q == nil || !q.hurry || q.epoch != other || v.counts.Missed != 2 { // the first is what was said before
		t.Errorf("%+v, %+v", q, v.counts)
	}
}

func TestWhatAReadingHadIsNotAppliedAgain(t *testing.T) {
	t.Parallel()
	now := time.Now()
	v := following(now)
	v.hear(other, 4, 5, []section{{room: "r", fields: []field{{user: "a", gone: true}}}}, now)
	if changes := v.takeChanges(); len(changes) != 0 {
		t.Errorf("%+v", changes)
	}
}

func TestReadingOfARedisThatHasLostSomethingTakesNobodyOff(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, known := range map[string]map[string]uint64{"forgotten": {}, "older": {other: 4}} {
		v := following(now)
		v.hear(other, 5, 6, nil, now)
		for _, found := range []map[string]*share{{}, {other: shareOf(4, "a")}} {
			v.want("r", v.rooms["r"])
			v.unread(1)
			v.loaded("r", found, known, now)
			if changes := v.takeChanges(); len(changes) != 0 {
				t.Errorf("%s: %+v", name, changes)
			}
		}
		v.want("r", v.rooms["r"])
		v.unread(1)
		v.loaded("r", map[string]*share{other: shareOf(6, "a")}, map[string]uint64{other: 6}, now)
		if changes := v.takeChanges(); len(changes) != 1 || changes[0].user != "b" || changes[0].nodes() != -1 {
			t.Errorf("%s: one that has all: %+v", name, changes)
		}
	}
}

func TestReadingThatFindsSomebodyAtAnotherGatewayTellsOfTheComingFirst(t *testing.T) {
	t.Parallel()
	now := time.Now()
	known := map[string]uint64{other: 6, "a third's epoch": 6}
	for name, found := range map[string]map[string]*share{
		"one of two users": {other: shareOf(6, "b"), "a third's epoch": shareOf(6, "a")},
		"the only one":     {"a third's epoch": shareOf(6, "a", "b")},
	} {
		v := following(now)
		v.want("r", v.rooms["r"])
		v.unread(1)
		v.loaded("r", found, known, now)
		listed := map[string]int{"a": 1, "b": 1}
		for _, c := range v.takeChanges() {
			if listed[c.user] += c.nodes(); listed[c.user] == 0 {
				t.Errorf("%s: %s is nowhere for a moment", name, c.user)
			}
		}
	}
}

func TestWriteWhoseOutcomeIsUnknownIsRepeatedWithTheSameDigest(t *testing.T) {
	t.Parallel()
	v := newView(lease, time.Now())
	v.registered("this one's epoch")
	v.enter("r", "a", "v")
	v.done(v.next(), nil)
	v.enter("r", "b", "v")
	v.leave("r", "a", false, time.Now())
	first := v.next()
	v.done(first, errors.New("no answer"))
	again := v.next()
	if again == nil || len(again.sections) != 1 || len(again.sections[0].fields) != 2 || again.sections[0].digest != first.sections[0].digest {
		t.Fatalf("%+v, first it was %+v", again, first)
	}
	v.done(again, errors.New("no answer"))
	v.leave("r", "b", false, time.Now()) // who was there for a moment, as far as Redis knows
	last := v.next()
	gone := map[string]bool{}
	for _, f := range last.sections[0].fields {
		gone[f.user] = f.gone
	}
	if want := map[string]bool{"a": true, "b": true}; !reflect.DeepEqual(gone, want) || last.sections[0].digest != 0 || !last.sections[0].empty {
		t.Errorf("%+v", last)
	}
	v.done(last, nil)
	if len(v.own) != 0 || v.next() != nil {
		t.Errorf("%+v is left", v.own)
	}
}

func TestCrowdIsWrittenInBatchesThatRedisCanTake(t *testing.T) {
	t.Parallel()
	v := newView(lease, time.Now())
	v.registered("this one's epoch")
	for i := range 3 * batchFields {
		v.enter("r", string(rune('a'+i)), "v")
	}
	s := &share{users: make(map[string]string)}
	batches := 0
	for b := v.next(); b != nil; b = v.next() {
		if batches++; len(b.sections[0].fields) > batchFields {
			t.Errorf("%d fields at once", len(b.sections[0].fields))
		}
		for _, f := range b.sections[0].fields {
			s.users[f.user] = f.value
		}
		if s.actual() != b.sections[0].digest {
			t.Error("the digest is not of what is written")
		}
		v.done(b, nil)
	}
	if batches < 3 || batches > 5 || len(s.users) != 3*batchFields {
		t.Errorf("%d batches, %d users", batches, len(s.users))
	}
}

func TestWhoLingersIsLetGoWhenTheyAreSeenElsewhereOrInTime(t *testing.T) {
	t.Parallel()
	now := time.Now()
	v := following(now)
	v.enter("r", "a", "v")
	v.enter("r", "c", "v")
	v.enter("r", "d", "v")
	v.drains = true
	if v.leave("r", "a", true, now) {
		t.Error("one who is elsewhere already lingers")
	}
	if !v.leave("r", "c", true, now) || !v.leave("r", "d", true, now) || v.lingering() != 2 {
		t.Error("they do not linger")
	}
	v.hear(other, 5, 6, []section{{room: "r", digest: shareOf(0, "a", "b", "c").digest, fields: []field{{user: "c", value: "v"}}}}, now)
	if n := v.lingering(); n != 1 {
		t.Errorf("%d linger, though one is back elsewhere", n)
	}
	if changes := v.takeChanges(); len(changes) != 2 || changes[0].nodes() != 1 || changes[1].nodes() != -1 {
		t.Errorf("%+v", changes)
	}
	v.linger(now.Add(lingers), false)
	if n := v.lingering(); n != 0 {
		t.Errorf("%d linger too long", n)
	}
}

// What is published goes to all databases of a server, and leases are in one.
func TestAGatewayOnAnotherDatabaseIsNotTakenForSomebodyNewAgainAndAgain(t *testing.T) {
	t.Parallel()
	now := time.Now()
	v := following(now)
	v.expire(other, now)
	write := func(after time.Duration) {
		v.hear(other, 6, 7, []section{{room: "r", fields: []field{{user: "a", value: "v"}}}}, now.Add(after))
	}
	if write(v.lease); v.strange {
		t.Error("what was written before the lease ended is taken for more")
	}
	for after := 3 * v.lease; after < 60*v.lease; after += 3 * v.lease {
		v.read(reading{}, now.Add(after))
		if write(after); !v.strange || v.others() != 0 {
			t.Fatalf("after %v: %d others, strange: %v", after, v.others(), v.strange)
		}
	}
}

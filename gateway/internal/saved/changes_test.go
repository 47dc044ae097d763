package saved

import (
	"fmt"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/pkg/socketio"
)

// what lists what waits, and takes it.
func (c *changes) what() string {
	var all []string
	for one, ok := c.next(); ok; one, ok = c.next() {
		name := one.sid
		if one.session == nil {
			name = "-" + name
		}
		all = append(all, name)
	}
	return strings.Join(all, " ")
}

func saving(sid string) change { return change{sid: sid, session: connect(sid, "u")} }
func ending(sid string) change { return change{sid: sid, namespace: "/"} }

func TestEachSessionWaitsOnceAndItsEndIsFinal(t *testing.T) {
	t.Parallel()
	c := newChanges(0)
	for _, one := range []change{saving("a"), saving("b"), saving("a"), ending("a"), saving("a"), ending("c"), saving("c")} {
		c.add(one)
	}
	if got := c.what(); got != "-a b -c" {
		t.Error(got)
	}
}

func TestOverTheBoundTheOldestChangeIsDropped(t *testing.T) {
	t.Parallel()
	c := newChanges(3)
	dropped := 0
	for i := range 5 {
		dropped += c.add(saving(fmt.Sprint(i)))
	}
	if got := c.what(); got != "2 3 4" || dropped != 2 {
		t.Errorf("%s, and %d dropped", got, dropped)
	}
}

func TestWhatCouldNotBeWrittenWaitsAgainBeforeOthersUnlessSomethingNewerDoes(t *testing.T) {
	t.Parallel()
	c := newChanges(5)
	for _, one := range []change{saving("b"), ending("c"), saving("d")} {
		c.add(one)
	}
	dropped := c.putBack([]change{saving("a"), saving("b"), saving("c"), ending("d"), saving("e"), saving("f")})
	if got := c.what(); got != "a e b -c -d" || dropped != 1 {
		t.Errorf("%s, and %d dropped", got, dropped)
	}
}

func TestASessionComesBackAsItWas(t *testing.T) {
	t.Parallel()
	s := socketio.SavedSession{Namespace: "/a", SID: "s", User: "u", Rooms: []socketio.SavedRoom{{Name: "\x00user\x00é", Since: 1<<64 - 1}, {Name: ""}}}
	r, err := rowOf(s)
	must(t, err)
	back, err := r.saved("/a", "s")
	must(t, err)
	if fmt.Sprint(*back) != fmt.Sprint(s) || strings.Contains(r.session, `"s"`) || strings.Contains(r.session, `"u"`) {
		t.Errorf("%+v by %s", back, r.session)
	}
	if keyOf("/a", "s") == keyOf("/", "s") || keyOf("/a", "s") == keyOf("/a", "t") {
		t.Error("one key for two sessions")
	}
}

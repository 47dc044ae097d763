package socketio

import (
	"fmt"
	"slices"
	"testing"
)

func TestMovesByOthersPassTheHandlerAndASocketsOwnDoNot(t *testing.T) {
	t.Parallel()
	a, b, members := serveCrowd(t)
	var heard []string
	for _, n := range []*node{a, b} {
		n.root.OnMove(func(s *Socket, room string, joins bool, move func() bool) {
			i := slices.IndexFunc(members, func(m member) bool { return m.socket == s })
			heard = append(heard, fmt.Sprintf("%d %s: joins %t, changes %t, is in %t", i, room, joins, move(), s.In(room)))
		})
	}
	members[0].join("own")
	a.root.To("own").Join("r")
	b.root.To(members[3].socket.ID()).Join("r")
	a.root.To("r").Join("r")
	a.root.To("r").Leave("r")
	members[0].socket.Leave("own")
	want := []string{
		"0 r: joins true, changes true, is in true", "3 r: joins true, changes true, is in true",
		"3 r: joins true, changes false, is in true", "0 r: joins true, changes false, is in true",
		"3 r: joins false, changes true, is in false", "0 r: joins false, changes true, is in false",
	}
	slices.Sort(heard)
	slices.Sort(want)
	if !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

package socketio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// answer reads an event that asks for an ack, and acks it.
func (m member) answer(event, ack string) {
	m.t.Helper()
	frame := m.hear()
	id, ok := strings.CutSuffix(strings.TrimPrefix(frame, "2"), event)
	if !ok {
		m.t.Fatalf("got %q, want an ack asked for %s", frame, event)
	}
	m.say("3" + id + ack)
}

func TestABroadcastGathersTheAcksOfBothServers(t *testing.T) {
	t.Parallel()
	a, _, members := serveCrowd(t)
	for i, m := range members {
		go m.answer(`["sum",1]`, fmt.Sprintf(`[%d,"more"]`, i))
	}
	acks, err := a.root.To().EmitWithAck(t.Context(), "sum", 1)
	var got []string
	for _, ack := range acks {
		got = append(got, string(ack))
	}
	slices.Sort(got)
	if err != nil || !slices.Equal(got, []string{"0", "1", "2", "3", "4", "5"}) {
		t.Errorf("acks %q, %v", got, err)
	}
}

func TestAcksThatCameAreReturnedWhenOthersDoNot(t *testing.T) {
	t.Parallel()
	a, _ := serveNodes(t)
	first, second := a.member(), a.member()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		first.answer(`["x"]`, `[]`)
		first.expectAlive() // the ack was read
		cancel()
	}()
	acks, err := a.root.To().Local().EmitWithAck(ctx, "x")
	if len(acks) != 1 || string(acks[0]) != "null" || !errors.Is(err, context.Canceled) {
		t.Errorf("acks %q, %v", acks, err)
	}
	go func() {
		first.answer(`["y"]`, `[1]`)
		second.socket.Close("test")
	}()
	acks, err = a.root.To().Local().EmitWithAck(t.Context(), "y")
	if len(acks) != 1 || !errors.Is(err, ErrDisconnected) {
		t.Errorf("acks %q, %v, want one and who went", acks, err)
	}
}

func TestNobodyJoinsTheRoomOfAnotherServersSocket(t *testing.T) {
	t.Parallel()
	a, b := serveNodes(t)
	here, there := a.member(), b.member()
	if err := here.socket.Join(there.socket.ID()); !errors.Is(err, ErrPrivateRoom) {
		t.Errorf("joined the private room of a socket elsewhere: %v", err)
	}
	if err := here.socket.Join("abcdefghijklmnopqrst"); err != nil {
		t.Errorf("a room with 20 characters: %v", err)
	}
}

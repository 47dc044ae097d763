//go:build linux

package main

import (
	"encoding/json"
	"testing"
)

func TestMembersAreKnownByLengthAndCount(t *testing.T) {
	t.Parallel()
	type entry struct {
		UserID   string `json:"userId"`
		Username string `json:"username"`
	}
	var list []entry
	for i := range 30 {
		list = append(list, entry{userNamed(i).id, userNamed(i).name})
	}
	packet := func(shape any) []byte {
		b, err := json.Marshal([]any{"room_members", shape})
		if err != nil {
			t.Fatal(err)
		}
		return append([]byte("42"), b...)
	}
	object := func(count int) []byte {
		return packet(struct {
			RoomID  string  `json:"roomId"`
			Count   int     `json:"count"`
			Members []entry `json:"members"`
		}{"room-0", count, list})
	}
	c := &crowd{final: arrayOf(30)}
	cl := &client{crowd: c}
	for _, step := range []struct {
		name    string
		payload []byte
		final   members
		holders int
	}{
		{"one is missing", packet(list[:29]), arrayOf(30), 0},
		{"everybody", packet(list), arrayOf(30), 1},
		{"everybody again", packet(list), arrayOf(30), 1},
		{"one has left", packet(list[1:]), arrayOf(30), 0},
		{"another count", object(41), objectOf("room-0", 42, 30), 0},
		{"the right count", object(42), objectOf("room-0", 42, 30), 1},
	} {
		c.final = step.final
		cl.members(step.payload, len(step.payload))
		if c.holders != step.holders {
			t.Errorf("%s: %d hold the final list, want %d", step.name, c.holders, step.holders)
		}
	}
}

//go:build linux

package main

import "testing"

func TestWhoWaitsForAllSpeaksOnceTheLastHasHeard(t *testing.T) {
	t.Parallel()
	c := &crowd{clients: make([]client, 7)}
	c.enter(2, 2) // four in one room, three in the other
	var spoke []*client
	c.heardByAll = func(cl *client) error { spoke = append(spoke, cl); return nil }
	for round := 1; round <= 2; round++ {
		for range 2 {
			if err := c.heardByOne(1, 1); err != nil || len(spoke) != round-1 {
				t.Fatalf("%d spoke before all had heard: %v", len(spoke), err)
			}
		}
		if err := c.heardByOne(1, 1); err != nil || len(spoke) != round {
			t.Fatalf("%d spoke after the last had heard: %v", len(spoke), err)
		}
	}
	if spoke[0].room != 1 || spoke[0].sender != 1 {
		t.Fatalf("sender %d of room %d spoke", spoke[0].sender, spoke[0].room)
	}
}

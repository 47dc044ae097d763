//go:build linux

package main

import "testing"

func TestAClientComesBackWithItsPidAndTheLastOffset(t *testing.T) {
	t.Parallel()
	var held ticket
	for _, step := range []struct {
		reply, event, next string
		recovered          bool
	}{
		{`40{"sid":"a"}`, `42["receive_message",{"text":"x"},"k1"]`, `40`, false},
		{`40{"sid":"a","pid":"p"}`, `42["room_members",[],null]`, `40{"pid":"p"}`, false},
		{`40{"sid":"a","pid":"p"}`, `42["receive_message",{"text":"x"},"k1"]`, `40{"pid":"p","offset":"k1"}`, true},
		{`40{"sid":"b","pid":"q"}`, `42["receive_message",{"text":"x"}]`, `40{"pid":"q","offset":"k1"}`, false},
	} {
		held.connected([]byte(step.reply))
		held.told([]byte(step.event))
		if got := held.connectPacket(); got != step.next || held.recovered != step.recovered {
			t.Errorf("after %s and %s the client says %s, recovered %v; want %s, %v", step.reply, step.event, got, held.recovered, step.next, step.recovered)
		}
	}
}

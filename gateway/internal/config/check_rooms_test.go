package config

import "testing"

func TestANamespaceIsOneThatClientsCanName(t *testing.T) {
	t.Parallel()
	for value, good := range map[string]bool{"/": true, "/chat": true, "/chat/v1": true, "chat": false, "/a,b": false, "/chat?x=1": false, "*": false, "/ä": false} {
		c, faults := parse(with("NAMESPACE", value), ruled)
		if faults.About("NAMESPACE") == good || good && c.Namespace != value {
			t.Errorf("%q: %q, %v", value, c.Namespace, faults)
		}
	}
	if _, faults := parse(with("NAMESPACE", "/chat", "ALLOW_EIO3", "true"), ruled); !faults.About("NAMESPACE") {
		t.Error("old clients are let into / beside /chat")
	}
}

func TestTheDefaultRoomIsANameOrWhatTheHandshakeSays(t *testing.T) {
	t.Parallel()
	for value, good := range map[string]bool{"general": true, "$auth.room": true, "$query.room": true, "chat:$query.room_id": true, "$header.room": false, "$room": false,
		"$auth.": false, "a,b": false, "*": false, "$user": false} {
		if _, faults := parse(with("DEFAULT_ROOM", value), ruled); faults.About("DEFAULT_ROOM") == good {
			t.Errorf("%q: %v", value, faults)
		}
	}
}

package contract

import (
	"encoding/json"
	"testing"
)

func TestWhoIsOnlineIsToldInTheAppsShape(t *testing.T) {
	t.Parallel()
	ann, seven := NewPerson("ann", json.RawMessage(`"ann"`), "Ann"), NewPerson("7", json.RawMessage("7"), "Bob")
	m := Members{People: []*Person{ann, seven}, Count: 2}
	for _, c := range []struct {
		shape     OnlineShape
		limit     int
		list, one string
	}{
		{OnlineIDs, 0, `["ann",7]`, `7`},
		{OnlineIDs, 9, `["ann",7]`, `7`},
		{OnlineIDs, 8, `["ann"]`, `7`},
		{OnlineIDs, 1, `[]`, `7`},
		{OnlineUsers, 0, `[{"userId":"ann","username":"Ann"},{"userId":7,"username":"Bob"}]`, `{"userId":7,"username":"Bob"}`},
		{OnlineMixed, 0, `["ann",7]`, `{"userId":7,"username":"Bob"}`},
	} {
		if list, one := string(m.Online(c.shape, c.limit)), string(seven.Online(c.shape)); list != c.list || one != c.one {
			t.Errorf("%s in %d bytes: %s, %s", c.shape, c.limit, list, one)
		}
	}
	if !IsPersonal(OnlineRoom) {
		t.Error("a client could join the room of all")
	}
}

package config

import (
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/contract"
)

func TestAShapeIsTriedAtTheStartAndTheFaultSaysWhatToDo(t *testing.T) {
	t.Parallel()
	rules := ruled
	rules.RowValues, rules.MemberValues, rules.HistoryValues = contract.RowValues, contract.MemberValues, contract.HistoryValues
	rules.Template = func(shape string, values []string) error {
		_, err := contract.ParseTemplate(shape, values...)
		return err
	}
	for _, c := range []struct{ name, value, want string }{
		{"MESSAGE_SHAPE", `{"message": $row}`, ""},
		{"MESSAGE_SHAPE", `{"message": }`, `there is no place for a value; in a .env file a $ is written \$; it should hold JSON with $row in it`},
		{"ACK_SHAPE", `{"data": $message}`, "$message is none of $row"},
		{"MEMBERS_SHAPE", `{"online": $ids}`, ""},
		{"MEMBERS_SHAPE", "Object", ""},
		{"MEMBERS_SHAPE", `{"online": $row}`, "$row is none of $members, $ids, $count, $room"},
		{"HISTORY_SHAPE", `{"messages": $rows, "of": $room}`, ""},
		{"HISTORY_SHAPE", `{"messages": $row}`, "$row is none of $rows, $room"},
		{"HISTORY_EVENT", "receiveMessage", "MESSAGE_EVENT"},
		{"SEND_ARGS", "text, room", ""},
		{"SEND_ARGS", "text,__proto__", "names with commas between them"},
		{"SEND_ARGS", "text,text", `where "text" stands twice`},
	} {
		_, faults := parse(with(c.name, c.value), rules)
		if c.want == "" && faults != nil || c.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], c.want)) {
			t.Errorf("%s=%s: %v", c.name, c.value, faults)
		}
	}
}

package config

import (
	"slices"
	"strings"
	"testing"
)

func TestFieldsAreKeysAndTheColumnsThatTheyFill(t *testing.T) {
	t.Parallel()
	c, faults := parse(with("MESSAGE_FIELDS", "type, image = fileUrl,reply_to_id"), ruled)
	if want := (Fields{{"type", "type"}, {"image", "fileUrl"}, {"reply_to_id", "reply_to_id"}}); faults != nil || !slices.Equal(c.MessageFields, want) {
		t.Errorf("%v, %v", c.MessageFields, faults)
	}
	for _, bad := range []string{"type,", "type=", "=type", "a b", "type,Type", "type,type=kind", strings.Repeat("x", 33), "$row"} {
		if _, faults := parse(with("MESSAGE_FIELDS", bad), ruled); !faults.About("MESSAGE_FIELDS") {
			t.Errorf("%q is taken", bad)
		}
	}
}

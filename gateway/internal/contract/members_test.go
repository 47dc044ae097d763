package contract

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

func TestListOfLongNamesDoesNotFillTheQueues(t *testing.T) {
	t.Parallel()
	var list Members
	for i := range 100 {
		id := fmt.Sprint(i)
		list.People = append(list.People, NewPerson(id, rawjson.Quote(id), "N"+id))
	}
	got := list.Array(1000)
	if len(got) > 1000 || len(got) < 900 || !json.Valid(got) {
		t.Errorf("%d bytes, want at most 1000: %s", len(got), got)
	}
}

package contract

import (
	"encoding/json"
	"strings"
	"testing"
)

const sampleRow = `{"id":"m1","text":"say \"$row\"","userId":7,"user":{"username":"Ann"}}`

func TestATemplateGivesARowTheShapeThatItsClientsExpect(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`$row`:                               sampleRow,
		`{"message": $row}`:                  `{"message": ` + sampleRow + `}`,
		`{...$row, "_id": $row.id}`:          `{"id":"m1","text":"say \"$row\"","userId":7,"user":{"username":"Ann"}, "_id": "m1"}`,
		`{"by":$row.user.username,"a":"$5"}`: `{"by":"Ann","a":"$5"}`,
		`[$row.text,$row.none.of,true]`:      `["say \"$row\"",null,true]`,
	} {
		shape, err := ParseTemplate(text, RowValues...)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := shape.Row(json.RawMessage(sampleRow))
		if string(got) != want {
			t.Errorf("%s: %s", text, got)
		}
		if size := shape.Size(len(sampleRow)); size < len(got) {
			t.Errorf("%s: %d bytes are said to be %d at most", text, len(got), size)
		}
	}
	if got := (*Template)(nil).Row(json.RawMessage(sampleRow)); string(got) != sampleRow {
		t.Errorf("none: %s", got)
	}
}

func TestATemplateThatCouldNotBeToldIsRefusedWithWhatToDo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"message": }`:                        `in a .env file a $ is written \$`,
		`{"message": $rows}`:                   "$rows is none of $row",
		`{"message": "$row"}`:                  "values bring their own",
		`{"message": $row`:                     "no JSON",
		`{$row: 1}`:                            "no JSON",
		`[...$row]`:                            "no JSON",
		`1$row`:                                "no JSON",
		`{...$row.user}`:                       "only a whole $row",
		`[$row,$row,$row,$row,$row]`:           "more than 4 times",
		`[$row.a.b,$row.a,$row.a,$row.a,$row]`: "more than 4 times",
		strings.Repeat(" ", 5000) + "1":        "longer than",
	} {
		if _, err := ParseTemplate(text, RowValues...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v", text, err)
		}
	}
}

func TestTheLatestMessagesByATemplateFitIntoWhatTheyMayHave(t *testing.T) {
	t.Parallel()
	rows := []json.RawMessage{json.RawMessage(`{"id":1}`), json.RawMessage(`{"id":2}`)}
	for text, want := range map[string]string{
		"":                                   `[{"id":1},{"id":2}]`,
		`{"messages": $rows, "room": $room}`: `{"messages": [{"id":1},{"id":2}], "room": "r\"1"}`,
		`[$rows,$rows]`:                      `[[{"id":1},{"id":2}],[{"id":1},{"id":2}]]`,
	} {
		var shape *Template
		if text != "" {
			var err error
			if shape, err = ParseTemplate(text, HistoryValues...); err != nil {
				t.Fatal(err)
			}
		}
		const room = `r"1`
		got := string(shape.Rows(rows, room))
		if got != want {
			t.Errorf("%s: %s", text, got)
		}
		if limit := 300; len(got)-len(`[{"id":1},{"id":2}]`)*max(1, strings.Count(text, "$rows"))+max(1, strings.Count(text, "$rows"))*shape.Room(limit, len(room)) > limit {
			t.Errorf("%s: %d bytes of rows are too many", text, shape.Room(limit, len(room)))
		}
	}
	shape, _ := ParseTemplate(`[$rows,$room]`, HistoryValues...)
	if got := string(shape.Rows(nil, "")); got != `[[],null]` {
		t.Error(got)
	}
	if shape.Room(3, 100) != 0 {
		t.Error("there is room where there is none")
	}
}

func TestMembersByATemplate(t *testing.T) {
	t.Parallel()
	people := Members{People: []*Person{NewPerson("a", json.RawMessage(`"a"`), "Ann"), NewPerson("b", json.RawMessage(`"b"`), "Bob")}, Count: 2}
	shape, err := ParseTemplate(`{"online":$ids,"in":$room,"n":$count,"all":$members}`, MemberValues...)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"online":["a","b"],"in":"r","n":2,"all":[{"userId":"a","username":"Ann"},{"userId":"b","username":"Bob"}]}`
	if got := people.Filled(shape, "r", 0); string(got) != want {
		t.Errorf("%s", got)
	}
	if got := people.Filled(shape, "r", 60); !json.Valid(got) || strings.Contains(string(got), "Bob") {
		t.Errorf("no limit: %s", got)
	}
}

func TestIdsOfMembersKeepToTheLimitOfAnEvent(t *testing.T) {
	t.Parallel()
	shape, err := ParseTemplate("$ids", MemberValues...)
	if err != nil {
		t.Fatal(err)
	}
	var people Members
	for range 100 {
		people.People = append(people.People, NewPerson("a", json.RawMessage(`"a"`), "Ann"))
	}
	if got := people.Filled(shape, "r", 20); len(got) > 20 || len(got) < 10 || !json.Valid(got) {
		t.Errorf("%s", got)
	}
	if _, err := ParseTemplate("{...$ids}", MemberValues...); err == nil {
		t.Error("a list is spread in an object")
	}
}

func FuzzTemplate(f *testing.F) {
	for _, text := range []string{`$row`, `{...$row, "_id": $row.id}`, `{"a":$row.user.username}`, `"\"$row`, `$row...$row`} {
		f.Add(text, sampleRow)
	}
	f.Fuzz(func(t *testing.T, text, row string) {
		if !json.Valid([]byte(row)) {
			return
		}
		o, ok := ParseObject(json.RawMessage(strings.TrimSpace(row)))
		if !ok || len(o) == 0 {
			return
		}
		shape, err := ParseTemplate(text, RowValues...)
		if err != nil {
			return
		}
		got := shape.Row(o.Encode())
		if !json.Valid(got) {
			t.Fatalf("%q makes %s of %s", text, got, row)
		}
		if len(got) > shape.Size(len(o.Encode())) {
			t.Fatalf("%q: %d bytes, more than %d", text, len(got), shape.Size(len(o.Encode())))
		}
	})
}

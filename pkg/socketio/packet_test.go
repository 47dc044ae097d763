package socketio

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

// The rows of the official parser's behaviour, 4.2.7. Where it is lax by accident ours is strict;
// those rows say so.
var decoded = []struct {
	in   string
	want packet
	err  error
}{
	// accepted
	{`0`, packet{kind: '0', namespace: "/"}, nil},
	{`0{}`, packet{kind: '0', namespace: "/", data: []byte(`{}`)}, nil},
	{`0{"token":"t"}`, packet{kind: '0', namespace: "/", data: []byte(`{"token":"t"}`)}, nil},
	{`012{}`, packet{kind: '0', namespace: "/", hasID: true, id: 12, data: []byte(`{}`)}, nil},
	{`0/admin`, packet{kind: '0', namespace: "/admin"}, nil},
	{`0/admin,`, packet{kind: '0', namespace: "/admin"}, nil},
	{`0/admin,{"a":1}`, packet{kind: '0', namespace: "/admin", data: []byte(`{"a":1}`)}, nil},
	{`0/admin{"a":1}`, packet{kind: '0', namespace: `/admin{"a":1}`}, nil},
	{`0/dyn-12?x=1,`, packet{kind: '0', namespace: "/dyn-12?x=1"}, nil},
	{`1`, packet{kind: '1', namespace: "/"}, nil},
	{`1/admin,`, packet{kind: '1', namespace: "/admin"}, nil},
	{`1/admin`, packet{kind: '1', namespace: "/admin"}, nil},
	{`2["a"]`, packet{kind: '2', namespace: "/", data: []byte(`["a"]`)}, nil},
	{`20["a"]`, packet{kind: '2', namespace: "/", hasID: true, data: []byte(`["a"]`)}, nil},
	{`212["a"]`, packet{kind: '2', namespace: "/", hasID: true, id: 12, data: []byte(`["a"]`)}, nil},
	{`2012["a"]`, packet{kind: '2', namespace: "/", hasID: true, id: 12, data: []byte(`["a"]`)}, nil},
	{`2/a,1["a"]`, packet{kind: '2', namespace: "/a", hasID: true, id: 1, data: []byte(`["a"]`)}, nil},
	{`218446744073709551615["a"]`, packet{kind: '2', namespace: "/", hasID: true, id: 1<<64 - 1, data: []byte(`["a"]`)}, nil},
	{"2[\"a\"] \n", packet{kind: '2', namespace: "/", data: []byte("[\"a\"] \n")}, nil},
	{`2 ["a"]`, packet{kind: '2', namespace: "/", data: []byte(` ["a"]`)}, nil}, // there: id 0
	{`3`, packet{kind: '3', namespace: "/"}, nil},
	{`31`, packet{kind: '3', namespace: "/", hasID: true, id: 1}, nil},
	{`31["x"]`, packet{kind: '3', namespace: "/", hasID: true, id: 1, data: []byte(`["x"]`)}, nil},
	{`3/n,3[]`, packet{kind: '3', namespace: "/n", hasID: true, id: 3, data: []byte(`[]`)}, nil},
	{`4{"message":"m"}`, packet{kind: '4', namespace: "/", data: []byte(`{"message":"m"}`)}, nil},
	{`4"str"`, packet{kind: '4', namespace: "/", data: []byte(`"str"`)}, nil},
	// unknown types
	{``, packet{}, errUnknownType}, // there: CONNECT, which the engine never lets through
	{`7`, packet{}, errUnknownType},
	{`9`, packet{}, errUnknownType},
	{`a`, packet{}, errUnknownType},
	{`-1`, packet{}, errUnknownType},
	{`/`, packet{}, errUnknownType},
	// payloads that don't fit the type
	{`0[]`, packet{}, errInvalidPayload},
	{`0null`, packet{}, errInvalidPayload},
	{`0"x"`, packet{}, errInvalidPayload},
	{`0{`, packet{}, errInvalidPayload},
	{`0{}x`, packet{}, errInvalidPayload},
	{`1{}`, packet{}, errInvalidPayload},
	{`1[]`, packet{}, errInvalidPayload},
	{`1/admin,{}`, packet{}, errInvalidPayload},
	{`2`, packet{}, errInvalidPayload}, // there: an event without a name
	{`2/a,b,["a"]`, packet{}, errInvalidPayload},
	{`2{}`, packet{}, errInvalidPayload},
	{`2null`, packet{}, errInvalidPayload},
	{`2["a"`, packet{}, errInvalidPayload},
	{`2["a"]x`, packet{}, errInvalidPayload},
	{`2abc["a"]`, packet{}, errInvalidPayload},
	{`2-1["a"]`, packet{}, errInvalidPayload},
	{`21e3["a"]`, packet{}, errInvalidPayload},
	{`218446744073709551616["a"]`, packet{}, errInvalidPayload},
	{`2` + strings.Repeat("9", 10_000) + `["a"]`, packet{}, errInvalidPayload},
	{`2["a",` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `]`, packet{}, errTooDeep}, // there: any depth
	{`31[` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `]`, packet{}, errTooDeep},
	{`0` + strings.Repeat(`{"a":`, 101) + `1` + strings.Repeat("}", 101), packet{}, errTooDeep},
	{`51-["a",` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `]`, packet{}, errTooDeep},
	{"2\ufeff[\"a\"]", packet{}, errInvalidPayload},
	{"2[\"a\",\"\x00\"]", packet{}, errInvalidPayload},
	{"2[\"a\",\"\xed\xa0\x80\"]", packet{}, errInvalidPayload},
	{"2[\"a\",\"\xff\xfe\"]", packet{}, errInvalidPayload},
	{"0{\"a\":\"\xc3\"}", packet{}, errInvalidPayload},
	{`31{}`, packet{}, errInvalidPayload},
	{`3null`, packet{}, errInvalidPayload},
	{`4`, packet{}, errInvalidPayload},
	{`4[]`, packet{}, errInvalidPayload},
	{`4null`, packet{}, errInvalidPayload},
	// binary
	{`51-["a",{"_placeholder":true,"num":0}]`, packet{kind: '2', attachments: 1, namespace: "/", data: []byte(`["a",{"_placeholder":true,"num":0}]`)}, nil},
	{`54-/n,7["e"]`, packet{kind: '2', attachments: 4, namespace: "/n", hasID: true, id: 7, data: []byte(`["e"]`)}, nil},
	{`510-["a"]`, packet{kind: '2', attachments: 10, namespace: "/", data: []byte(`["a"]`)}, nil},
	{`61-0[{"_placeholder":true,"num":0}]`, packet{kind: '3', attachments: 1, namespace: "/", hasID: true, data: []byte(`[{"_placeholder":true,"num":0}]`)}, nil},
	{`50-["a"]`, packet{}, errAttachments},
	{`5["a"]`, packet{}, errAttachments},
	{`5-["a"]`, packet{}, errAttachments},
	{`51["a"]`, packet{}, errAttachments},
	{`51.5-["a"]`, packet{}, errAttachments},
	{`51.23-["a"]`, packet{}, errAttachments},
	{`51.0-["a"]`, packet{}, errAttachments}, // there: 1
	{`51e0-["a"]`, packet{}, errAttachments}, // there: 1
	{`5 1-["a"]`, packet{}, errAttachments},  // there: 1
	{`5-1-["a"]`, packet{}, errAttachments},
	{`511-["a"]`, packet{}, errAttachments},
	{`5999999999999-["a"]`, packet{}, errAttachments},
	{`51-{}`, packet{}, errInvalidPayload},
}

func TestPacketsAreDecodedAsTheOfficialParserDoes(t *testing.T) {
	t.Parallel()
	for _, test := range decoded {
		got, err := decodePacket([]byte(test.in))
		if !errors.Is(err, test.err) {
			t.Errorf("%.40s: error %v, want %v", test.in, err, test.err)
		}
		same := got.kind == test.want.kind && got.namespace == test.want.namespace &&
			got.hasID == test.want.hasID && got.attachments == test.want.attachments && got.id == test.want.id && bytes.Equal(got.data, test.want.data)
		if err == nil && !same {
			t.Errorf("%.40s: got %+v, want %+v", test.in, got, test.want)
		}
	}
}

var events = []struct {
	in   string
	name string
	args []string
	err  error
}{
	{`["a"]`, "a", nil, nil},
	{`[""]`, "", nil, nil},
	{`["a",1,"two",{"three":[3]},[4,[5]],null,true]`, "a", []string{"1", `"two"`, `{"three":[3]}`, "[4,[5]]", "null", "true"}, nil},
	{` [ "a" , 1 , { "b" : [ ] } ] `, "a", []string{"1", `{ "b" : [ ] }`}, nil},
	{`["a","],[\"\\",1]`, "a", []string{`"],[\"\\"`, "1"}, nil},
	{`["\u00e9\"\\"]`, `é"\`, nil, nil},
	{`["a",{"_placeholder":true,"num":0}]`, "a", []string{`{"_placeholder":true,"num":0}`}, nil},
	{`[1]`, "1", nil, nil},
	{`[-1.5,2]`, "-1.5", []string{"2"}, nil},
	{`[1.0]`, "1", nil, nil}, // numbers are what JavaScript calls them
	{`[-0]`, "0", nil, nil},
	{`[1e2]`, "100", nil, nil},
	{`[1e21]`, "1e+21", nil, nil},
	{`[0.0000001]`, "1e-7", nil, nil},
	{`[9007199254740993]`, "9007199254740992", nil, nil},
	{`[1e999]`, "Infinity", nil, nil},
	{`[-1e999]`, "-Infinity", nil, nil},
	{`[1e-999]`, "0", nil, nil},
	{`["\ud800"]`, "\ufffd", nil, nil},
	{`["\u0000","\u0000"]`, "\x00", []string{`"\u0000"`}, nil},
	{`["a",{"__proto__":{"a":1},"a":1,"a":2},-0,1e999,9007199254740993,"\udc00"]`, "a", []string{`{"__proto__":{"a":1},"a":1,"a":2}`, "-0", "1e999", "9007199254740993", `"\udc00"`}, nil},
	{`["connection"]`, "connection", nil, nil},
	{`["error"]`, "error", nil, nil},
	{`["message"]`, "message", nil, nil},
	{`["__proto__"]`, "__proto__", nil, nil},
	{`["toString",1e400]`, "toString", []string{"1e400"}, nil},
	{`[]`, "", nil, errInvalidPayload},
	{`[null]`, "", nil, errInvalidPayload},
	{`[true]`, "", nil, errInvalidPayload},
	{`[{}]`, "", nil, errInvalidPayload},
	{`[["a"]]`, "", nil, errInvalidPayload},
	{`["connect"]`, "", nil, errInvalidPayload},
	{`["connect_error"]`, "", nil, errInvalidPayload},
	{`["disconnect"]`, "", nil, errInvalidPayload},
	{`["disconnecting"]`, "", nil, errInvalidPayload},
	{`["newListener"]`, "", nil, errInvalidPayload},
	{`["removeListener"]`, "", nil, errInvalidPayload},
	{`["\u0063onnect"]`, "", nil, errInvalidPayload},
	{`["\u0064\u0069\u0073\u0063\u006F\u006E\u006E\u0065\u0063\u0074"]`, "", nil, errInvalidPayload},
	{`["newListene\u0072"]`, "", nil, errInvalidPayload},
}

func TestEventsAreSplitIntoNameAndArguments(t *testing.T) {
	t.Parallel()
	for _, test := range events {
		name, args, err := decodeEvent([]byte(test.in))
		var got []string
		for _, arg := range args {
			got = append(got, string(arg))
		}
		if !errors.Is(err, test.err) || name != test.name || !slices.Equal(got, test.args) {
			t.Errorf("%s: got %q %q %v, want %q %q %v", test.in, name, got, err, test.name, test.args, test.err)
		}
	}
}

func TestArgumentsDoNotShareTheEnginesBuffer(t *testing.T) {
	t.Parallel()
	data := []byte(`["a","before"]`)
	_, args, _ := decodeEvent(data)
	clear(data)
	if string(args[0]) != `"before"` {
		t.Errorf("got %s", args[0])
	}
}

func FuzzPacket(f *testing.F) {
	for _, test := range decoded {
		f.Add([]byte(test.in))
	}
	for _, test := range events {
		f.Add([]byte("2" + test.in))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		p, err := decodePacket(data)
		if err != nil {
			return
		}
		if len(p.data) > 0 && !json.Valid(p.data) {
			t.Fatalf("payload %q is no JSON", p.data)
		}
		if p.kind != typeEvent {
			return
		}
		name, args, err := decodeEvent(p.data)
		if !bytes.Equal(data, before) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			return
		}
		if Reserved(name) {
			t.Fatalf("reserved name %q", name)
		}
		for _, arg := range args {
			if !json.Valid(arg) {
				t.Fatalf("argument %q is no JSON", arg)
			}
		}
	})
}

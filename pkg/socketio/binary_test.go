package socketio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// sent returns what packets put on the wire, binary in hex.
func sent(t *testing.T, namespace string, id []byte, args ...any) string {
	t.Helper()
	payload, err := encodeArray(typeEvent, namespace, id, append([]any{"e"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, p := range payload {
		binary, data := p.Payload()
		if binary {
			all = append(all, fmt.Sprintf("%x", data))
		} else {
			all = append(all, string(data[1:]))
		}
	}
	return strings.Join(all, " ")
}

// The golden vector of the protocol's documentation, and what surrounds it.
func TestBytesTravelAsAttachmentsInTheirOrder(t *testing.T) {
	t.Parallel()
	type inner struct {
		B Binary `json:"b"`
	}
	type outer struct {
		Z Binary `json:"z"`
		A []any  `json:"a"`
	}
	got := sent(t, "/n", []byte("7"), outer{Binary{1}, []any{Binary{2}, inner{Binary{3}}}}, Binary{4})
	want := `54-/n,7["e",{"z":{"_placeholder":true,"num":0},"a":[{"_placeholder":true,"num":1},{"b":{"_placeholder":true,"num":2}}]},{"_placeholder":true,"num":3}] 01 02 03 04`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := sent(t, "/", nil, Binary{}); got != `51-["e",{"_placeholder":true,"num":0}] ` {
		t.Errorf("empty: %q", got)
	}
	if got := sent(t, "/", nil, `{"_placeholder":true,"num":0}`); got != `2["e","{\"_placeholder\":true,\"num\":0}"]` {
		t.Errorf("text: %q", got)
	}
}

func TestMoreThanTenAttachmentsAreNotSent(t *testing.T) {
	t.Parallel()
	args := make([]any, maxAttachments+1)
	for i := range args {
		args[i] = Binary{byte(i)}
	}
	if _, err := encodeEvent("/", "e", nil, args); !errors.Is(err, ErrAttachments) {
		t.Errorf("got %v", err)
	}
	if _, err := encodeEvent("/", "e", nil, args[1:]); err != nil {
		t.Errorf("ten: %v", err)
	}
}

func (c *client) sayBinary(data []byte) {
	c.t.Helper()
	if err := c.conn.SayBinary(data); err != nil {
		c.t.Fatal(err)
	}
}

func TestAttachmentsArriveWhereTheirPlaceholdersStood(t *testing.T) {
	t.Parallel()
	type photo struct {
		Name string
		Data Binary
	}
	photos := make(chan photo, 1)
	m := serve(t, Options{}, func(s *Server) {
		s.Of("/").On("photo", func(_ *Socket, e *Event) {
			var p photo
			var raw Binary
			if err := e.Decode(&p, &raw); err != nil || string(raw) != "zero" {
				t.Errorf("decode: %v, %q", err, raw)
			}
			photos <- p
			e.Ack(e.Args[0], Binary("thanks"))
		})
	})
	c := m.connect("/")
	c.say(`52-5["photo",{"name":"\"{\\\"_placeholder\\\":true","data":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":0}]`)
	c.sayBinary([]byte("zero"))
	c.sayBinary([]byte("one"))
	if got := within(t, photos, "the event"); string(got.Data) != "one" || got.Name != `"{\"_placeholder\":true` {
		t.Errorf("got %+v", got)
	}
	c.expect(`62-5[{"name":"\"{\\\"_placeholder\\\":true","data":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}]`)
	for _, want := range []string{"one", "thanks"} {
		if got, err := c.frame(); err != nil || got != want {
			t.Errorf("attachment %q, %v, want %q", got, err, want)
		}
	}
}

func TestAttachmentsThatDoNotFitCloseTheConnection(t *testing.T) {
	t.Parallel()
	for name, packets := range map[string][]any{
		"number too high":        {`51-["a",{"_placeholder":true,"num":1}]`, []byte{1}},
		"number is text":         {`51-["a",{"_placeholder":true,"num":"0"}]`, []byte{1}},
		"number missing":         {`51-["a",{"_placeholder":true}]`, []byte{1}},
		"number negative":        {`51-["a",{"_placeholder":true,"num":-1}]`, []byte{1}},
		"number twice":           {`51-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]`, []byte{1}},
		"number huge":            {`51-["a",{"_placeholder":true,"num":99999999999999999999}]`, []byte{1}},
		"number broken":          {`51-["a",{"_placeholder":true,"num":0.5}]`, []byte{1}},
		"number is a prototype":  {`51-["a",{"_placeholder":true,"num":"splice"}]`, []byte{1}},
		"text in between":        {`52-["a",{"_placeholder":true,"num":0}]`, []byte{1}, `2["x"]`},
		"binary out of nothing":  {[]byte{1}},
		"reserved name":          {`51-["connect",{"_placeholder":true,"num":0}]`},
		"count of zero":          {`50-["a"]`},
		"count that is huge":     {`5999999999-["a"]`},
		"count that is no count": {`51.23-["a"]`},
		"too many bytes":         {`52-["a"]`, bytes.Repeat([]byte{1}, 600), bytes.Repeat([]byte{1}, 600)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := serve(t, Options{MaxAttachmentBytes: 1000}, func(s *Server) {
				s.Of("/").OnOther(func(_ *Socket, e *Event) { t.Errorf("%s reached a handler", e.Name) })
			})
			c := m.connect("/")
			for _, p := range packets {
				if text, ok := p.(string); ok {
					c.say(text)
				} else {
					c.sayBinary(p.([]byte))
				}
			}
			c.expectClosed()
			m.expectEnd(engineio.ParseError)
		})
	}
}

func TestWhatLooksLikeAnAttachmentInAClientsJSONIsNone(t *testing.T) {
	t.Parallel()
	var b Binary
	for _, in := range []string{`"text"`, `{"_attachment":"guess","data":"AAAA"}`, `{"_placeholder":true,"num":0}`, `1`, `[]`} {
		if err := json.Unmarshal([]byte(in), &b); err == nil {
			t.Errorf("%s was taken for bytes %x", in, b)
		}
	}
}

func FuzzAttach(f *testing.F) {
	f.Add([]byte(`["a",{"_placeholder":true,"num":0}]`))
	f.Add([]byte(`["{\"_placeholder\":true",{"b":{"_placeholder":true,"num":1}}]`))
	f.Add([]byte(`{"_placeholder":true,"num":`))
	f.Add([]byte(`["a",{"x":{"_placeholder":true,"num":0},"x":1}]`))
	for _, payload := range slices.Concat(poison, placeholding) {
		f.Add([]byte(payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		if rawjson.Check(payload) != nil { // the decoder has seen to that
			return
		}
		places, err := placeholders(payload, 2)
		if err != nil {
			return
		}
		if claims(t, payload) > len(places) { // fewer where a later key takes the place of one
			t.Fatalf("%q has placeholders besides %v", payload, places)
		}
		whole := attach(payload, places, [][]byte{[]byte("zero"), []byte("one")})
		if !json.Valid(whole) {
			t.Fatalf("%q became %q", payload, whole)
		}
		again, _, err := detach(whole)
		if err != nil || !json.Valid(again) || claims(t, again) > len(places) {
			t.Fatalf("%q went out as %q: %v", payload, again, err)
		}
	})
}

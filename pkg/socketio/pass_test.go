package socketio

import (
	"slices"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
)

func TestAnEventIsPassedOnAsItsClientSentIt(t *testing.T) {
	t.Parallel()
	got := make(chan []string, 1)
	network := serve(t, Options{}, func(server *Server) {
		server.Of("/").OnOther(func(s *Socket, e *Event) {
			packets, err := e.Packets()
			if err != nil {
				t.Error(err)
			}
			var texts []string
			for _, p := range packets {
				_, data := p.Payload()
				texts = append(texts, string(data))
			}
			got <- texts
			s.Pass(packets...)
		})
	})
	c := network.connect("/")
	c.say(`51-7["a b",{"_placeholder":true,"num":0},[1,"é"]]`)
	c.sayBinary([]byte{1})
	want := []string{`451-7["a b",{"_placeholder":true,"num":0},[1,"é"]]`, "\x01"}
	if texts := within(t, got, "the event"); !slices.Equal(texts, want) {
		t.Errorf("passed on as %q", texts)
	}
	c.expect(want[0][1:])
	if got, err := c.frame(); err != nil || got != want[1] {
		t.Errorf("got %q, %v", got, err)
	}
}

// What ends in a text would be taken for an offset.
func TestPassedEventsEndInNoTextWhereSessionsAreTakenUp(t *testing.T) {
	t.Parallel()
	plain := &Namespace{name: "/"}
	recovering := &Namespace{name: "/", recovery: &recovery{}}
	for text, want := range map[string]string{
		`2["a"]`: `2["a",null]`, `2["a","b"]`: `2["a","b",null]`, `51-["a",{"_placeholder":true,"num":0},"x"]`: `51-["a",{"_placeholder":true,"num":0},"x",null]`,
		`2["a",1]`: `2["a",1]`, `31["ack"]`: `31["ack"]`, `2["a",["b"]]`: `2["a",["b"]]`,
	} {
		packets := []*engineio.Packet{engineio.Message([]byte(text)), engineio.BinaryMessage([]byte("x"))}
		m := recovering.passed(packets)
		if _, got := m.packets[0].Payload(); string(got[1:]) != want || len(m.packets) != 2 || (m.tail > 0) != strings.HasSuffix(want, "null]") {
			t.Errorf("%s is passed on as %s", text, got)
		}
		if m := plain.passed(packets); m.packets[0] != packets[0] || m.tail != 0 {
			t.Errorf("%s is changed where no session is taken up", text)
		}
		v2 := &Socket{conn: &conn{v2: true}}
		if _, got := m.packetsFor(v2)[0].Payload(); string(got[1:]) != text {
			t.Errorf("a v2 client gets %s of %s", got, text)
		}
	}
}

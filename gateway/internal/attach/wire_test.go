package attach

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// The bytes are what pkg/attach-js reads and writes, by PROTOCOL.md.
func TestFramesAreThoseOfTheProtocol(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		frame []byte
		want  string
	}{
		"packet":    {appendPacket(nil, 300, part{false, []byte(`2["a"]`)}, part{true, []byte{1, 2}}), "0000001010ac0202" + "0006" + hex.EncodeToString([]byte(`2["a"]`)) + "01020102"},
		"closed":    {textFrame(opClosed, 1, "ping timeout"), "0000000f12010c" + hex.EncodeToString([]byte("ping timeout"))},
		"upgraded":  {textFrame(opUpgraded, 128, "websocket"), "0000000d13800109" + hex.EncodeToString([]byte("websocket"))},
		"peers":     {frame(opPeers, appendList(nil, []string{"a", "bc"})...), "0000000716020161026263"},
		"presented": {frame(opPresented), "0000000117"},
	} {
		if got := hex.EncodeToString(one.frame); got != one.want {
			t.Errorf("%s is %s, want %s", name, got, one.want)
		}
	}
	const key = "key"
	if got := proof(key, "app", "aa", "bb"); got != "cd2a604693077af10dce741a0c94ca855c967f603eaf256aa979d7d92f7d6381" { // Node's crypto
		t.Errorf("the proof is %s", got)
	}
}

func TestAFrameIsReadOnlyAsItComes(t *testing.T) {
	t.Parallel()
	head := append(binary.BigEndian.AppendUint32(nil, maxFrame), byte(opSend))
	_, _, buf, err := readFrame(bytes.NewReader(append(head, 1, 2, 3)), nil, maxFrame)
	if err == nil || cap(buf) > 2*keptBuffer {
		t.Errorf("%d bytes were made for 3, %v", cap(buf), err)
	}
	body := bytes.Repeat([]byte("x"), 3*keptBuffer)
	large := frame(opBus, body...)
	_, got, buf, err := readFrame(bytes.NewReader(large), buf, maxFrame)
	if err != nil || !bytes.Equal(got, body) {
		t.Errorf("a large frame is %d bytes, %v", len(got), err)
	}
	if _, _, buf, _ = readFrame(bytes.NewReader(frame(opReady)), buf, maxFrame); cap(buf) > keptBuffer {
		t.Errorf("%d bytes are kept", cap(buf))
	}
}

func FuzzDecode(f *testing.F) {
	for _, body := range [][]byte{
		appendPacket(nil, 7, part{false, []byte("2[]")})[5:], frame(opCast, append(appendList(appendList([]byte("\x01/\x00"), []string{"a"}), nil), packetBody("x", "y")...)...)[5:],
		appendList(appendText([]byte{1}, "/"), []string{"r", ""}), []byte("\x01{\"nsp\":\"/\"}"), {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d := decoder{rest: body}
		client, list := d.uvarint(), d.list()
		if d.done() == nil {
			again := decoder{rest: appendList(binary.AppendUvarint(nil, client), list)}
			if again.uvarint() != client || !slices.Equal(again.list(), list) || again.done() != nil {
				t.Fatalf("%q is not what it was written as", body)
			}
		}
		d = decoder{rest: body}
		packets := d.packet()
		if d.err == nil && len(packets) == 0 || len(packets) > len(body)/leastPart {
			t.Fatalf("%d packets, %v", len(packets), d.err)
		}
	})
}

// Whatever is said to a hub, it goes on, and every frame that it has written is one.
func FuzzObey(f *testing.F) {
	f.Add(byte(opSend), packetBody("2[]"))
	f.Add(byte(opCast), append([]byte("\x01/\x00\x00\x00"), packetBody("2[]")...))
	f.Add(byte(opSocket), []byte(`{"nsp":"/","sid":"a"}`))
	f.Add(byte(opJoin), appendList(appendText(nil, "/"), []string{"r"}))
	f.Add(byte(opData), appendText(appendText(nil, "/"), "x"))
	f.Add(byte(opAnswer), []byte(`{"ask":1}`))
	f.Add(byte(opTaken), []byte{1})
	f.Fuzz(func(t *testing.T, o byte, rest []byte) {
		w := newWorld(t, Options{})
		p := w.ready("one")
		p.expect(opPresented)
		b := w.browse()
		c := p.serve(b, "sid", "r")
		p.write(frame(op(o), append(binary.AppendUvarint(nil, c), rest...)...))
		p.Write(frame(op(o), rest...))
		p.Write(frame(opPing, make([]byte, 8)...))
		for {
			got, _, err := p.hear()
			if err != nil || got == opPong {
				break
			}
		}
		p.Close()
		w.stop()
	})
}

func FuzzAssembly(f *testing.F) {
	f.Add([]byte("51-[]"), []byte("x"), true)
	f.Add([]byte("2[]"), []byte("61-"), false)
	f.Fuzz(func(t *testing.T, first, second []byte, binary bool) {
		var a assembly
		for _, p := range []part{{false, first}, {binary, second}, {true, second}} {
			whole, ok := a.add(p, 1000)
			if !ok {
				return
			}
			if len(whole) > maxParts {
				t.Fatalf("%d parts", len(whole))
			}
			for i, p := range whole {
				if i > 0 && !p.binary {
					t.Fatal("a text as an attachment")
				}
			}
		}
	})
}

func FuzzHello(f *testing.F) {
	f.Add([]byte(`{"version":1,"app":"a","nonce":"00112233445566778899aabbccddeeff","proof":"x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		w := newWorld(t, Options{})
		p := &process{Conn: w.dial(), t: t, name: "fuzz"}
		p.expect(opHello)
		p.write(frame(opHello, body...))
		if o, _, err := p.hear(); err == nil && o != opRefused {
			t.Fatalf("%q is answered %#x", body, byte(o))
		}
		p.Close()
		w.stop()
	})
}

var _ engineio.Upgrader = (*client)(nil)

// vector is an op as bytes, and what they mean, for both sides' codecs.
type vector struct {
	Name   string
	Op     op
	Fields [][2]json.RawMessage
	Frame  string
}

// value is a text, or bytes in hex.
func value(raw json.RawMessage) (isBinary bool, data []byte) {
	var text string
	var bytes struct{ Hex string }
	if json.Unmarshal(raw, &text) == nil {
		return false, []byte(text)
	}
	json.Unmarshal(raw, &bytes)
	data, _ = hex.DecodeString(bytes.Hex)
	return true, data
}

func TestFramesAreThoseOfThePackage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../pkg/attach-js/test/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) < 10 {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	for _, v := range vectors {
		want, _ := hex.DecodeString(v.Frame)
		o, body, _, err := readFrame(bytes.NewReader(want), nil, maxFrame)
		if err != nil || o != v.Op {
			t.Errorf("%s: op %#x, %v", v.Name, byte(o), err)
			continue
		}
		d, written := decoder{rest: body}, begin(nil, o)
		for _, field := range v.Fields {
			var kind string
			json.Unmarshal(field[0], &kind)
			written = append(written, readField(t, &d, kind, field[1])...)
		}
		if err := d.done(); err != nil {
			t.Errorf("%s: %v", v.Name, err)
		}
		if written = end(written, 0); !bytes.Equal(written, want) {
			t.Errorf("%s is written as %x, want %x", v.Name, written, want)
		}
	}
}

// readField reads the next field, which should have this value, and writes it again.
func readField(t *testing.T, d *decoder, kind string, want json.RawMessage) []byte {
	switch kind {
	case "uvarint":
		return binary.AppendUvarint(nil, d.uvarint())
	case "u8":
		return []byte{d.byte()}
	case "string", "bytes":
		got := d.bytes()
		if _, data := value(want); !bytes.Equal(got, data) {
			t.Errorf("%q, want %q", got, data)
		}
		return appendText(nil, got)
	case "list":
		return appendList(nil, d.list())
	case "packet":
		var parts []json.RawMessage
		json.Unmarshal(want, &parts)
		packets := d.packet()
		written := binary.AppendUvarint(nil, uint64(len(packets)))
		for i, p := range partsOf(packets) {
			if isBinary, data := value(parts[i]); p.binary != isBinary || !bytes.Equal(p.data, data) {
				t.Errorf("part %d is %q, want %q", i, p.data, data)
			}
			kind := byte(0)
			if p.binary {
				kind = 1
			}
			written = appendText(append(written, kind), p.data)
		}
		return written
	}
	t.Errorf("an unknown kind of field, %q", kind)
	return nil
}

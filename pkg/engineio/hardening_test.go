package engineio

import (
	"bufio"
	"encoding/binary"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// header returns a masked frame header that claims a length.
func header(first byte, length uint64) []byte {
	b := binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, length)
	return append(b, 1, 2, 3, 4)
}

func TestBrokenFramesEndTheirSessionWithTheRightCode(t *testing.T) {
	t.Parallel()
	const limit = 10_000
	h := newRecorder()
	_, address := serve(t, h, Options{MaxPayload: limit})
	bystander := dialOpen(t, address)
	unmasked := []byte{finText, 2, '4', 'x'}
	for _, test := range []struct {
		name string
		data []byte
		code int
	}{
		{"RSV1", frame(0xC1, "4x"), 1002},
		{"RSV2", frame(0xA1, "4x"), 1002},
		{"RSV3", frame(0x91, "4x"), 1002},
		{"reserved opcode of data", frame(0x83, "4x"), 1002},
		{"reserved opcode of control", frame(0x8B, "4x"), 1002},
		{"unmasked", unmasked, 1002},
		{"length with the top bit", header(finText, 1<<63), 1002},
		{"length of 2^62", header(finText, 1<<62), 1009},
		{"length of 2^63-1 after a fragment", slices.Concat(frame(partText, "4x"), header(finPart, 1<<63-1)), 1009},
		{"long ping", frame(finPing, strings.Repeat("x", 126)), 1002},
		{"long close", frame(finClose, strings.Repeat("x", 126)), 1002},
		{"fragmented ping", frame(0x09, "x"), 1002},
		{"continuation of nothing", frame(finPart, "x"), 1002},
		{"text in the middle of fragments", slices.Concat(frame(partText, "4x"), frame(finText, "4y")), 1002},
		{"not UTF-8", frame(finText, "4\xff"), 1007},
		{"a surrogate", frame(finText, "4\xed\xa0\x80"), 1007},
		{"not UTF-8 in fragments", slices.Concat(frame(partText, "4\xc3"), frame(finPart, "x")), 1007},
		{"over maxPayload, header only", header(finText, limit+1), 1009},
		{"over maxPayload in fragments", slices.Concat(frame(partText, strings.Repeat("x", limit)), frame(finPart, "x")), 1009},
		{"over maxPayload, whole and more", slices.Concat(frame(finText, strings.Repeat("x", limit+1)), frame(finText, "4y"), unmasked), 1009},
	} {
		c := dialOpen(t, address)
		c.raw(test.data)
		if code := c.closed(); code != test.code {
			t.Errorf("%s: close code %d, want %d", test.name, code, test.code)
		}
		if reason := within(t, h.closed, "the end"); reason != TransportError {
			t.Errorf("%s: reason %q, want %q", test.name, reason, TransportError)
		}
	}
	bystander.send("4still here")
	bystander.expect("4still here")
}

// What comes after a frame that can't be read must not cut off the answer to it.
func TestAnswerToABrokenFrameSurvivesWhatFollowsIt(t *testing.T) {
	t.Parallel()
	var tooLarge atomic.Int32
	_, address := serve(t, newRecorder(), Options{MaxPayload: 1000, CloseGrace: patience, OnTooLarge: func() { tooLarge.Add(1) }})
	for range 20 {
		c := dialOpen(t, address)
		c.raw(header(finText, 500_000))
		for range 20 {
			c.raw([]byte(strings.Repeat("\xff", 20_000)))
		}
		if code := c.closed(); code != 1009 {
			t.Fatalf("close code %d, want 1009", code)
		}
		c.conn.Close()
	}
	if n := tooLarge.Load(); n != 20 {
		t.Errorf("told of %d messages that are too large, want 20", n)
	}
}

func TestLongestMessageAllowedPasses(t *testing.T) {
	t.Parallel()
	_, address := serve(t, newRecorder(), Options{MaxPayload: 1000})
	c := dialOpen(t, address)
	text := "4" + strings.Repeat("x", 999)
	c.send(text)
	c.expect(text)
	c.raw(slices.Concat(frame(partText, text[:400]), frame(part, text[400:700]), frame(finPart, text[700:])))
	c.expect(text)
}

func TestFragmentsWithoutEndAreRefused(t *testing.T) {
	t.Parallel()
	for name, fragment := range map[string][]byte{"empty": frame(part, ""), "tiny": frame(part, "x")} {
		h := newRecorder()
		_, address := serve(t, h, Options{CloseGrace: patience})
		c := dialOpen(t, address)
		c.raw(frame(partText, "4"))
		for range maxFragments - 1 {
			c.raw(fragment)
		}
		c.send("not a continuation yet") // a fault of its own: the session was still open
		if code := c.closed(); code != 1002 {
			t.Errorf("%s: close code %d, want 1002", name, code)
		}
		c = dialOpen(t, address)
		c.raw(frame(partText, "4"))
		c.raw(slices.Repeat(fragment, 5*maxFragments))
		if code := c.closed(); code != 1002 {
			t.Errorf("%s: close code %d, want 1002", name, code)
		}
	}
}

func TestPacketsThatMeanNothingAreIgnored(t *testing.T) {
	t.Parallel()
	_, address := serve(t, newRecorder(), Options{})
	c := dialOpen(t, address)
	for _, packet := range []string{"0", `0{"sid":"x"}`, "1", "5", "6", "3", "3probe"} {
		c.send(packet)
	}
	c.send("4still here")
	c.expect("4still here")
}

func TestPacketsThatAreFaultsCloseTheSession(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	_, address := serve(t, h, Options{})
	for packet, want := range map[string]Reason{
		"": ParseError, "7": ParseError, "abc": ParseError, "b!": ParseError, "2": TransportError, "2probe": TransportError,
	} {
		c := dialOpen(t, address)
		c.send(packet)
		c.send("4not heard any more")
		if code := c.closed(); code != 1005 {
			t.Errorf("%q: close code %d, want 1005", packet, code)
		}
		if reason := within(t, h.closed, "the end"); reason != want {
			t.Errorf("%q: reason %q, want %q", packet, reason, want)
		}
	}
}

// upgradeWith sends frames in one segment with the upgrade request, before its answer.
func upgradeWith(t *testing.T, address string, frames ...[]byte) *client {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	reader := bufio.NewReader(conn)
	c := newClient(t, engineclient.New(conn, reader))
	c.raw(append(engineclient.AppendRequest(nil, "x", handshakeQuery), slices.Concat(frames...)...))
	answer, err := http.ReadResponse(reader, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %v, %v", answer, err)
	}
	return c.skipOpen()
}

func TestFramesInOneSegmentWithTheUpgradeAreHeard(t *testing.T) {
	t.Parallel()
	_, address := serve(t, newRecorder(), Options{})
	last := frame(finText, "4c")
	c := upgradeWith(t, address, frame(finText, "4a"), frame(finText, "4b"), last[:3])
	c.raw(last[3:])
	for _, want := range []string{"4a", "4b", "4c"} {
		c.expect(want)
	}
	if code := upgradeWith(t, address, frame(0xC1, "4x")).closed(); code != 1002 {
		t.Errorf("RSV bits: close code %d, want 1002", code)
	}
	if code := upgradeWith(t, address, frame(finClose, "")).closed(); code != 1005 {
		t.Errorf("a close frame: close code %d, want 1005", code)
	}
}

func TestPingsAreAnsweredWithTheirPayload(t *testing.T) {
	t.Parallel()
	_, address := serve(t, newRecorder(), Options{})
	c := dialOpen(t, address)
	for _, payload := range []string{"", "hello", strings.Repeat("x", 125)} {
		c.raw(frame(finPing, payload))
		if opcode, got, err := c.next(); opcode != 10 || got != payload || err != nil {
			t.Errorf("got opcode %d, %q, %v", opcode, got, err)
		}
	}
}

// Each ping makes the server queue a pong. A client that reads none must fill its own queue only,
// at what pongs cost in memory and not at their two bytes.
func TestPingFloodOfAClientThatNeverReadsEndsItsSession(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	_, address := serve(t, h, Options{SendQueueBytes: 64 << 10})
	bystander := dialOpen(t, address)
	c := dialOpen(t, address)
	c.conn.Conn.(*net.TCPConn).SetReadBuffer(4096)
	flood := slices.Repeat(frame(finPing, strings.Repeat("x", 125)), 1000)
	c.conn.SetDeadline(time.Now().Add(patience))
	for err := error(nil); err == nil; {
		_, err = c.conn.Write(flood)
	}
	if reason := within(t, h.closed, "the end"); reason != QueueFull {
		t.Errorf("reason %q, want %q", reason, QueueFull)
	}
	bystander.send("4still here")
	bystander.expect("4still here")
}

func TestTinyPacketsCountAsTheMemoryTheyTake(t *testing.T) {
	t.Parallel()
	const slot, smallestAllocation = 8, 8
	want := int(unsafe.Sizeof(Packet{})) + slot + smallestAllocation
	if got := newPacket(finPong, nil).Len(); got < want {
		t.Errorf("an empty pong counts as %d bytes, and takes %d", got, want)
	}
}

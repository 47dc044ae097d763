//go:build !race

// The race detector makes everything larger, so that this says nothing under it.

package app

import (
	"net"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

// Not parallel: the heap is that of the whole process.
func TestSixtyClientsWithoutATokenHoldLittleMemory(t *testing.T) {
	const clients, each = 60, 64 << 10
	megabyte := make([]byte, 1_000_000)
	frame := func(opcode ws.OpCode, fin bool, payload []byte, missing int) []byte {
		header, err := ws.CompileFrame(ws.Frame{Header: ws.Header{Fin: fin, OpCode: opcode, Masked: true, Length: int64(len(payload) + missing)}})
		if err != nil {
			t.Fatal(err)
		}
		return append(header, payload...)
	}
	event := frame(ws.OpText, true, []byte(`451-["a",{"_placeholder":true,"num":0}]`), 0)
	for name, attack := range map[string][]byte{
		"a binary event of 1 MB": append(append([]byte{}, event...), frame(ws.OpBinary, true, megabyte, 0)...),
		"all of it but a byte":   append(append([]byte{}, event...), frame(ws.OpBinary, true, megabyte[1:], 1)...),
		"a CONNECT of 1 MB":      frame(ws.OpText, true, []byte(`40{"token":"`+strings.Repeat("x", 999_900)), 1),
		"a CONNECT in pieces":    []byte(strings.Repeat(string(frame(ws.OpText, false, []byte("40"), 0))+string(frame(ws.OpContinuation, false, megabyte[:20_000], 0)), 20)),
		"as much as goes":        frame(ws.OpText, true, megabyte[:32<<10-2], 1),
	} {
		t.Run(name, func(t *testing.T) {
			e := openEntrance(t, func(c *config.Config) { c.TrustedProxies = nil })
			quiet := heapInUse()
			var conns []net.Conn
			for range clients {
				conn, _, _, err := ws.Dialer{}.Dial(t.Context(), "ws://"+e.addr+"/socket.io/?EIO=4&transport=websocket")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { conn.Close() })
				conn.Write(attack) // it may be closed before it has all
				conns = append(conns, conn)
			}
			e.mustEnter("127.0.0.1", "", e.cookie("ann"))
			held := int64(heapInUse()) - int64(quiet)
			t.Logf("%d KiB of heap for %d clients", held>>10, len(conns))
			if held > clients*each {
				t.Errorf("%d clients hold %d KiB", clients, held>>10)
			}
		})
	}
}

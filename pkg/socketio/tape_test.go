package socketio

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// What was written is read again until it is cut off, whatever its length, and no more blocks are held than that needs.
func TestTapeGivesBackWhatWasWritten(t *testing.T) {
	t.Parallel()
	type piece struct {
		at    uint64
		bytes []byte
	}
	var tape tape
	var held []piece
	size := 0
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 5000 {
		n := random.IntN(1000)
		switch random.IntN(20) {
		case 0:
			n = random.IntN(3 * tapeBlock)
		case 1: // up to the end of the block
			n = tapeBlock - int(tape.end%tapeBlock)
		}
		b := bytes.Repeat([]byte{byte(i)}, n)
		held = append(held, piece{tape.write(b), b})
		for size += n; size > 10*tapeBlock || len(held) > 0 && random.IntN(50) == 0; held = held[1:] {
			tape.cut(len(held[0].bytes))
			size -= len(held[0].bytes)
		}
		for _, p := range held[max(0, len(held)-1-i%100):] {
			got := make([]byte, len(p.bytes))
			if tape.read(p.at, got); !bytes.Equal(got, p.bytes) {
				t.Fatalf("piece of %d at %d is not what it was", len(got), p.at)
			}
		}
		if most := size/tapeBlock + 2; len(tape.blocks) > most {
			t.Fatalf("%d blocks for %d bytes", len(tape.blocks), size)
		}
	}
}

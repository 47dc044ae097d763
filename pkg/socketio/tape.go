package socketio

// tapeBlock is how many bytes of a tape are together: few enough that a quiet server holds little, and many enough that the
// collector has few blocks to note.
const tapeBlock = 16 << 10

// tape is bytes in the order in which they were written, of which the oldest are cut off. They are in blocks without pointers:
// the collector does not look into them, and they are made only as often as the tape grows.
type tape struct {
	blocks     []*[tapeBlock]byte
	spare      *[tapeBlock]byte // was cut off; nil for none
	start, end uint64           // of what is there, counted from the first byte ever
}

// write appends b, and returns where that begins.
func (t *tape) write(b []byte) (at uint64) {
	at = t.end
	for len(b) > 0 {
		used := t.end % tapeBlock
		if used == 0 {
			t.grow()
		}
		n := copy(t.blocks[len(t.blocks)-1][used:], b)
		b, t.end = b[n:], t.end+uint64(n)
	}
	return at
}

func (t *tape) grow() {
	block := t.spare
	if t.spare = nil; block == nil {
		block = new([tapeBlock]byte)
	}
	t.blocks = append(t.blocks, block)
}

// read fills b with what begins at a place.
func (t *tape) read(at uint64, b []byte) {
	for len(b) > 0 {
		n := copy(b, t.blocks[at/tapeBlock-t.start/tapeBlock][at%tapeBlock:])
		b, at = b[n:], at+uint64(n)
	}
}

// cut takes the oldest n bytes off.
func (t *tape) cut(n int) {
	first := t.start / tapeBlock
	t.start += uint64(n)
	if gone := t.start/tapeBlock - first; gone > 0 {
		t.spare = t.blocks[0]
		clear(t.blocks[:gone])
		t.blocks = t.blocks[gone:]
	}
}

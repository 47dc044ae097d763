package socketio

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// entry is one kept event.
type entry struct {
	offset    Offset
	namespace string
	rooms     []string // none means everybody in the namespace
	except    []string
	packets   []*engineio.Packet
	own       bool // see Namespace.isOwn

	held bool   // the ring has it, or had it. The delivery's lock guards this and the next.
	at   uint64 // where on the ring's tape
}

// places yields where it is told.
func (e *entry) places(yield func(place) bool) {
	if len(e.rooms) == 0 {
		yield(place{namespace: e.namespace, everybody: true})
	}
	for _, room := range e.rooms {
		if !yield(place{namespace: e.namespace, room: room}) {
			return
		}
	}
}

func (e *entry) isFor(p place) bool {
	return slices.Contains(slices.Collect(e.places), p)
}

// An entry is written as its head, then its labels: namespace, rooms and excepted rooms, and then the frames of its packets. All
// but the head are texts, or a number of texts and these, with the length before each.
const headBytes = 4 + 4 + 8 + 8

// head is what an entry begins with.
type head struct {
	size   int // of all, in bytes
	labels int // where these end
	offset Offset
	at     time.Duration // when the ring took it, counted from its beginning
}

// write appends the entry.
func (e *entry) write(b []byte, at time.Duration) []byte {
	b = append(b, make([]byte, headBytes)...)
	b = appendText(b, e.namespace)
	b = appendTexts(b, e.rooms)
	b = appendTexts(b, e.except)
	h := head{labels: len(b), offset: e.offset, at: at}
	b = binary.AppendUvarint(b, uint64(len(e.packets)))
	for _, p := range e.packets {
		b = appendText(b, p.Frame())
	}
	h.size = len(b)
	h.put(b)
	return b
}

func (h head) put(b []byte) {
	binary.LittleEndian.PutUint32(b, uint32(h.size))
	binary.LittleEndian.PutUint32(b[4:], uint32(h.labels))
	binary.LittleEndian.PutUint64(b[8:], uint64(h.offset))
	binary.LittleEndian.PutUint64(b[16:], uint64(h.at))
}

func readHead(b []byte) head {
	return head{
		size:   int(binary.LittleEndian.Uint32(b)),
		labels: int(binary.LittleEndian.Uint32(b[4:])),
		offset: Offset(binary.LittleEndian.Uint64(b[8:])),
		at:     time.Duration(binary.LittleEndian.Uint64(b[16:])),
	}
}

func appendText[T string | []byte](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func appendTexts(b []byte, texts []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(texts)))
	for _, text := range texts {
		b = appendText(b, text)
	}
	return b
}

// written is the rest of an entry that was written.
type written []byte

func (w *written) number() int {
	n, size := binary.Uvarint(*w)
	*w = (*w)[size:]
	return int(n)
}

// text returns a part of what was written.
func (w *written) text() []byte {
	n := w.number()
	text := (*w)[:n:n]
	*w = (*w)[n:]
	return text
}

// entry reads what follows a head, and keeps it. Of where it was told it knows only who was excepted.
func (w written) entry(h head) *entry {
	e := &entry{offset: h.offset}
	w.text()
	for range w.number() {
		w.text()
	}
	for range w.number() {
		e.except = append(e.except, string(w.text()))
	}
	e.packets = make([]*engineio.Packet, w.number())
	for i := range e.packets {
		e.packets[i] = engineio.Framed(w.text())
	}
	return e
}

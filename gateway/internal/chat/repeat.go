package chat

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"strconv"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// fingerprint tells a message from others, so that it is found in the table when it is sent again after the process or the
// connection that took it has ended: by the id that its client gave to it or, where it gave none and asks for an ack, by its
// session and all that it says. It is keyed, so that the table's ids tell nobody what two messages have in common. 0 is none.
func (c *Chat) fingerprint(m said) uint64 {
	if c.options.Log == nil || m.id.Value == "" && m.whole == nil {
		return 0
	}
	text := append(make([]byte, 0, 512), c.options.ResendKey...)
	add := func(part string) {
		text = binary.AppendUvarint(text, uint64(len(part)))
		text = append(text, part...)
	}
	for _, part := range []string{m.member.ID, m.to.room, m.to.receiver, m.id.Key, m.id.Value} {
		add(part)
	}
	if m.fills != nil { // two pictures without a text are two messages
		add(joined(m.fills))
	}
	if m.id.Value == "" {
		add(m.socket.ID())
		for _, arg := range m.whole {
			add(string(arg))
		}
	}
	sum := sha256.Sum256(text)
	return max(1, binary.BigEndian.Uint64(sum[:]))
}

// joined is what a message says for further columns, as one text that is another for other fields.
func joined(fields []json.RawMessage) string {
	var text []byte
	for _, f := range fields {
		text = binary.AppendUvarint(text, uint64(len(f)))
		text = append(text, f...)
	}
	return string(text)
}

// stored finds the row of a message that is sent again, by its fingerprint. A message without an id of the client's counts as sent again
// only if it is the first after a recovery, asks for an ack, and equals a row that its client has not heard of: "ok", "ok" are two messages.
func (c *Chat) stored(m said, d message.Draft) (row message.Stored, found bool, refusal contract.Answer) {
	var after uint64
	byID := m.id.Value != ""
	switch {
	case d.Fingerprint == 0:
		return row, false, nil
	case byID:
	case !c.mayBeStored(m, d):
		return row, false, nil
	default:
		after = m.back.heard
	}
	kept, found, err := c.options.Log.history.Repeated(c.ctx, d, after)
	if err != nil {
		return row, false, storeFailure(err)
	}
	if found && !byID && !c.absorbed.take(kept.Position) {
		return row, false, nil
	}
	return kept.Stored, found, nil
}

// mayBeStored tells whether a message without an id may be one that its client has sent before and does not know to be stored: a client that
// is not in the room does not hear what it says there.
func (c *Chat) mayBeStored(m said, d message.Draft) bool {
	return m.back != nil && d.Fingerprint != 0 && !c.options.NoEcho && (d.Room == "" || m.socket.In(d.Room))
}

// comeback is what is known of a client that asks for its session, until its first message.
type comeback struct {
	heard uint64   // the position of the latest message that it has got; 0 is none
	lost  []string // rooms of the session that it may not be in any more
	// atFirst: the room where it is put as it connects (Options.DefaultRoom) was among them.
	atFirst bool
}

// heardUpTo reads the position up to which a client that asks for its session has heard.
func heardUpTo(auth json.RawMessage) uint64 {
	var asks struct{ Offset string }
	json.Unmarshal(auth, &asks) // a socket that is recovered by it has one that can be read, or none
	heard, _ := strconv.ParseUint(asks.Offset, 36, 64)
	return heard
}

// absorbed are the rows of the last minutes that a message without an id was taken for, by position. Each row absorbs one message only.
// Its zero value is ready.
type absorbed struct {
	mu           lockorder.Mutex[absorbed]
	now, earlier map[uint64]bool
	since        time.Time // of what is in now
}

// take tells whether a row may be taken, and notes that it was.
func (a *absorbed) take(position uint64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Since(a.since) > resendWindow {
		a.now, a.earlier, a.since = make(map[uint64]bool), a.now, time.Now()
	}
	if a.now[position] || a.earlier[position] {
		return false
	}
	a.now[position] = true
	return true
}

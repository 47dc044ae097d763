package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// kept gives a row that was read again as its sender's answer had it, and in plaintext.
func (s *Store) kept(e *entry, position uint64) (*message.Kept, error) {
	k := &message.Kept{InRoom: e.room, ToReceiver: e.receiver, ByUser: e.user, Text: e.text}
	if s.decrypt != nil && e.text != "" {
		var err error
		if k.Text, err = s.decrypt(e.text, cmp.Or(e.room, e.receiver), e.user); err != nil {
			return nil, fmt.Errorf("decrypt the text of row %s: %w", e.id, err)
		}
	}
	if err := s.mapping.place(e, message.Draft{Room: e.room, Receiver: e.receiver}); err != nil {
		return nil, err
	}
	e.stored.Position = position
	e.stored.User = s.mapping.User.json(e.user)
	e.stored.CreatedAt = s.mapping.toldAt(e.stored.CreatedAt, position)
	k.Stored = s.tell(e)
	return k, nil
}

// toldAt is the time that the room heard, as far as the row tells: of a column that rounds times, or where there is none, the id
// knows more. Without both it is now.
func (m Mapping) toldAt(read time.Time, position uint64) time.Time {
	made := time.UnixMilli(int64(position / perMilli)).UTC()
	switch {
	case !read.IsZero() && (!m.CreatedAt.rounds() || m.IDs == idsDatabase || made.Sub(read).Abs() > time.Second):
		return read
	case m.IDs == idsDatabase, position == 0: // an id of the app's making
		return time.Now().UTC().Truncate(time.Millisecond)
	}
	return made
}

// readTime reads what isoTime made. The zero time is what it is where nothing was read.
func readTime(told json.RawMessage) time.Time {
	text, _ := rawjson.Unquote(told)
	t, err := time.Parse("2006-01-02T15:04:05.000Z", text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// about is no less than the position of any row of ours whose id is no greater than this one, which may be of the app's making.
func (m Mapping) about(id string) uint64 {
	if position, ours := m.position(id); ours {
		return position
	}
	milli, err := uint64(0), error(nil)
	switch {
	case m.IDs == idsCUID && len(id) > 9 && id[0] == 'c':
		milli, err = strconv.ParseUint(id[1:9], 36, 64)
	case m.IDs == idsUUID && uuid.Validate(id) == nil && len(id) == 36:
		milli, err = strconv.ParseUint(id[:8]+id[9:13], 16, 64)
	default:
		return math.MaxUint64
	}
	if err != nil || milli > lastMilli {
		return math.MaxUint64
	}
	return milli*perMilli + perMilli - 1
}

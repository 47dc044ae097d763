package chat

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Latest reads the latest messages of rooms, for those who join them.
type Latest interface {
	// Latest returns n messages of each gap at most, the oldest first, and of those that have more bytes fewer. It has a deadline of its
	// own. An error is for all of them.
	Latest(ctx context.Context, gaps []message.Gap, n, mostBytes int) ([][]message.Kept, error)
}

// historyRooms is of how many rooms a socket is told the latest messages at once, of those that the server chooses.
const historyRooms = 100

// history is what somebody who joins a room is told of it: messages that were told up to an offset, since what comes later is heard.
type history struct {
	through socketio.Offset
	payload json.RawMessage // nil where it could not be read
	late    bool            // it could not go before what is told
	forget  func()          // what is told meanwhile is not kept any more
}

// askLatest reads for all who ask at the time.
func (c *Chat) askLatest(ctx context.Context, gaps []message.Gap) ([][]message.Kept, error) {
	most := math.MaxInt
	if c.options.MaxEvent > 0 {
		most = c.options.MaxEvent
	}
	return c.options.Latest.Latest(ctx, gaps, c.options.HistorySize, most)
}

// told returns the offset up to which messages have been told: none of them will be told again.
func (c *Chat) told() socketio.Offset {
	if !c.options.Recovers {
		return math.MaxUint64 // nobody knows: what is told now may be among the latest too
	}
	return c.namespace.Told()
}

// historyOf reads the history for a socket that is about to join a room. It returns nil if the socket gets none.
func (c *Chat) historyOf(s *socketio.Socket, m *member, room string) *history {
	if c.latest == nil || s.In(room) || !c.affordsList(m) {
		return nil
	}
	h := &history{late: !c.options.Recovers, forget: c.namespace.Await(room)}
	h.through = c.told() // before it is read: so it is all there
	if h.late {
		return h
	}
	rows, err := c.latest.ask(c.ctx, []message.Gap{{Room: room}})
	if err != nil {
		h.forget()
		c.nobodyKnowsHistory(err)
		return nil
	}
	h.payload = c.historyPayload(rows[0], h.through, room)
	c.chargeHistory(m, h.payload)
	return h
}

// enter joins a room behind its history. Where that can't be known to be whole, the socket joins first.
func (c *Chat) enter(s *socketio.Socket, room string, h *history) error {
	if h == nil || h.late {
		return s.Join(room)
	}
	known, err := s.JoinBehind(room, h.through, c.options.HistoryEvent, h.payload)
	if known || err != nil {
		return err
	}
	h.late = true
	return s.Join(room)
}

// tellHistory tells a socket the latest messages of rooms that it is in already. Some that it has heard since it joined may be among them:
// better twice than never. With empty it is also told that a room has none.
func (c *Chat) tellHistory(s *socketio.Socket, m *member, empty bool, rooms ...string) {
	if c.latest == nil || len(rooms) == 0 || !c.affordsList(m) {
		return
	}
	var gaps []message.Gap
	for _, room := range rooms[:min(len(rooms), historyRooms)] {
		if contract.IsPersonal(room) {
			gaps = append(gaps, message.Gap{Receiver: m.ID}, message.Gap{Sender: m.ID})
		} else {
			gaps = append(gaps, message.Gap{Room: room})
		}
	}
	through := c.told()
	all, err := c.latest.ask(c.ctx, gaps)
	if err != nil {
		c.nobodyKnowsHistory(err)
		return
	}
	left := 2 * c.options.MaxEvent // half of what may wait for a connection
	for i := 0; i < len(gaps); i++ {
		room, rows := gaps[i].Room, all[i]
		if room == "" {
			i++
			rows = merged(rows, all[i], c.options.HistorySize)
		} else if !s.In(room) {
			continue
		}
		payload := c.historyPayload(rows, through, room)
		if left -= len(payload); c.options.MaxEvent > 0 && left < 0 {
			c.options.Observer.History("too_much")
			return
		}
		if len(rows) > 0 || empty {
			s.Emit(c.options.HistoryEvent, payload)
			c.chargeHistory(m, payload)
		}
	}
}

// tellHistories tells a new socket those of the rooms that the server has chosen.
func (c *Chat) tellHistories(s *socketio.Socket, m *member) {
	if c.latest == nil || s.Recovered() {
		return
	}
	rooms := c.joined(s)
	if c.options.PersonalRoom != "" {
		rooms = append(rooms, c.ownRoom(m.ID))
	}
	if c.direct() {
		rooms = append([]string{contract.PersonalRoom(m.ID)}, rooms...)
	}
	c.tellHistory(s, m, false, rooms...)
}

// merged are the latest of what somebody has got and said.
func merged(got, said []message.Kept, n int) []message.Kept {
	all := slices.Concat(got, said)
	slices.SortStableFunc(all, func(a, b message.Kept) int { return a.CreatedAt.Compare(b.CreatedAt) })
	all = slices.CompactFunc(all, func(a, b message.Kept) bool { return string(a.ID) == string(b.ID) })
	return all[max(0, len(all)-n):]
}

// historyPayload is the latest messages as the app's clients expect them, as many as fit into an event.
func (c *Chat) historyPayload(rows []message.Kept, through socketio.Offset, room string) json.RawMessage {
	limit := c.options.HistoryShape.Room(c.options.MaxEvent, len(room))
	var list []json.RawMessage
	size := len("[]")
	for _, row := range slices.Backward(rows) {
		if row.Position > uint64(through) { // it is heard behind this
			continue
		}
		_, _, one := c.log.Event(c.ctx, row)
		if size += len(one) + len(","); c.options.MaxEvent > 0 && size > limit {
			break
		}
		list = append(list, one)
	}
	slices.Reverse(list)
	return c.options.HistoryShape.Rows(list, room)
}

// chargeHistory charges a user for what is told to one socket alone, as for a list.
func (c *Chat) chargeHistory(m *member, payload json.RawMessage) {
	c.options.Observer.History("told")
	m.user.take(limitLists, time.Now(), float64(len(payload)), listsPerSecond, 2*listsAtOnce)
}

func (c *Chat) nobodyKnowsHistory(err error) {
	if c.ctx.Err() != nil {
		return
	}
	c.options.Observer.History("failed")
	if c.historyLog.allow() {
		c.options.Logger.Warn("the latest messages of a room could not be read for who joins it (HISTORY_EVENT)", "error", err)
	}
}

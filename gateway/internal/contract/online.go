package contract

import "encoding/json"

// OnlineRoom is the personal room of nobody: what everybody who is connected is listed under. No client can name it.
const OnlineRoom = personalPrefix

// OnlineShape is the form in which clients are told who is online.
type OnlineShape string

const (
	OnlineIDs   OnlineShape = "ids"   // [userId], and userId of one who comes or goes
	OnlineUsers OnlineShape = "users" // [{userId, username}], and {userId, username}
	OnlineMixed OnlineShape = "mixed" // [userId], and {userId, username}
)

// Online returns those who are, as many as fit into limit bytes. 0 means no limit.
func (m Members) Online(shape OnlineShape, limit int) json.RawMessage {
	if shape == OnlineUsers {
		return m.Array(limit)
	}
	return m.ids(limit)
}

// Online returns one who comes or goes.
func (p *Person) Online(shape OnlineShape) json.RawMessage {
	if shape == OnlineIDs {
		return p.IDJSON
	}
	return Object{{"userId", p.IDJSON}, {"username", p.NameJSON}}.Encode()
}

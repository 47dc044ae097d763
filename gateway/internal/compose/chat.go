package compose

import (
	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/store"
)

// Chat returns the options of the chat, whose messages go to a table of that mapping. The caller adds the Authenticator, the
// Logins, the Audit, the Observer and the Logger.
func Chat(c config.Config, m store.Mapping) chat.Options {
	return chat.Options{
		JoinEvents:   c.JoinEvents,
		LeaveEvents:  c.LeaveEvents,
		SendEvents:   c.SendEvents,
		Relays:       relays(c.RelayEvents),
		RelayRate:    float64(c.RelayRate),
		MessageEvent: c.MessageEvent,
		MembersEvent: c.MembersEvent,
		Unstored:     c.DatabaseURL.None(),
		Columns:      columns(m),
		ClientFields: c.ClientFields,
		MembersShape: contract.Shape(c.MembersShape),
		MembersLimit: c.MembersLimit,
		Multi:        c.JoinMode == "multi",
		OpenRooms:    !c.RequireJoin,
		NoRooms:      m.Room.Name == "" && m.Receiver.Name != "" && m.Database != database.None,
		JoinWait:     c.JoinWait,
		MaxText:      c.MaxText,
		MaxEvent:     c.SendQueueBytes / 4,
		RateLimit:    float64(c.RateLimit),
		RoomRules:    roomRules(c.RoomRules),
		Guarded:      c.RoomAccessQuery != "",
		Recheck:      c.AccessRecheck,
		MaxAge:       c.MaxConnectionAge,
		UserRate:     float64(c.UserRateLimit),
		MembersRate:  c.MembersRate,
		Recovers:     c.Recovers(),
		ResendKey:    derived(c, "socketgate resends"),
	}
}

func columns(m store.Mapping) contract.Columns {
	c := contract.Columns{ID: m.ID.Name, Text: m.Text.Name, User: m.User.Name, Room: m.Room.Name, Receiver: m.Receiver.Name, Others: m.Others()}
	if m.CreatedAt != nil {
		c.CreatedAt = m.CreatedAt.Name
	}
	return c
}

func roomRules(rules config.RoomRules) []chat.RoomRule {
	var list []chat.RoomRule
	for _, r := range rules {
		list = append(list, chat.RoomRule(r))
	}
	return list
}

func relays(events config.Relays) []chat.Relay {
	var list []chat.Relay
	for _, e := range events {
		list = append(list, chat.Relay(e))
	}
	return list
}

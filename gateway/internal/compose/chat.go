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
		JoinEvents:       c.JoinEvents,
		LeaveEvents:      c.LeaveEvents,
		SendEvents:       c.SendEvents,
		Relays:           relays(c.RelayEvents),
		RelayRate:        float64(c.RelayRate),
		RelayAnyone:      c.RelayAnyone,
		MessageEvent:     c.MessageEvent,
		MembersEvent:     c.MembersEvent,
		Unstored:         c.DatabaseURL.None(),
		Columns:          columns(m),
		ClientFields:     c.ClientFields,
		SendArgs:         c.SendArgs,
		MessageShape:     template(c.MessageShape, contract.RowValues),
		AckShape:         template(c.AckShape, contract.RowValues),
		HistoryEvent:     c.HistoryEvent,
		HistorySize:      c.HistorySize,
		HistoryShape:     template(c.HistoryShape, contract.HistoryValues),
		MembersShape:     contract.Shape(c.MembersShape),
		ListTemplate:     template(c.MembersShape, contract.MemberValues),
		MembersLimit:     c.MembersLimit,
		Multi:            c.JoinMode == "multi",
		OpenRooms:        !c.RequireJoin,
		NoRooms:          m.Room.Name == "" && m.Receiver.Name != "" && m.Database != database.None,
		NoEcho:           !c.Echo,
		JoinWait:         c.JoinWait,
		MaxText:          c.MaxText,
		MaxEvent:         c.SendQueueBytes / 4,
		RateLimit:        float64(c.RateLimit),
		PersonalRoom:     c.PersonalRoom,
		DefaultRoom:      c.DefaultRoom,
		RoomRules:        roomRules(c),
		Guarded:          c.RoomAccessQuery != "",
		Recheck:          c.AccessRecheck,
		MaxAge:           c.MaxConnectionAge,
		UserRate:         float64(c.UserRateLimit),
		MembersRate:      c.MembersRate,
		Recovers:         c.Recovers(),
		ResendKey:        derived(c, "socketgate resends"),
		OnlineEvent:      c.OnlineEvent,
		OnlineShape:      contract.OnlineShape(c.OnlineShape),
		UserOnlineEvent:  c.UserOnlineEvent,
		UserOfflineEvent: c.UserOfflineEvent,
		WebApp:           c.APIAddr != "",
		SystemUser:       c.APIUser,
	}
}

// template is one that the configuration has been checked for. Nil is the usual form, and what has a name of its own.
func template(text string, values []string) *contract.Template {
	t, err := contract.ParseTemplate(text, values...)
	if err != nil {
		return nil
	}
	return t
}

func columns(m store.Mapping) contract.Columns {
	c := contract.Columns{ID: m.ID.Name, Text: m.Text.Name, User: m.User.Name, Room: m.Room.Name, Receiver: m.Receiver.Name, Others: m.Others(), NoText: m.HasNoText()}
	for _, f := range m.Fields {
		c.Filled = append(c.Filled, contract.Filled{Key: f.Key, Column: f.Column.Name, Content: f.HoldsContent()})
	}
	if m.CreatedAt != nil {
		c.CreatedAt = m.CreatedAt.Name
	}
	return c
}

// roomRules have the rooms of users to themselves, unless these go by the bare id: then every name would be one.
func roomRules(c config.Config) []chat.RoomRule {
	var list []chat.RoomRule
	for _, r := range c.RoomRules {
		list = append(list, chat.RoomRule(r))
	}
	if c.PersonalRoom != "" && c.PersonalRoom != "$user" {
		list = append(list, chat.RoomRule{Pattern: c.PersonalRoom})
	}
	return list
}

func relays(events config.Relays) []chat.Relay {
	var list []chat.Relay
	for _, e := range events {
		list = append(list, chat.Relay{Event: e.Event, As: e.As, To: chat.Party(e.To), Key: e.Key})
	}
	return list
}

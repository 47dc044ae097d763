package contract

import (
	"encoding/json"
	"strings"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Elsewhere returns the key of an object that could name another place than the only room its sender is in: a
// receiver, a group, a game, a room in an object that is not known. "" means that nothing in it could.
//
// A message that names its room is not asked: it goes there. What a client says of other messages (replyToId,
// forwardedFromChat) or of itself (socketId, tempId) is content, and a value of null, "", true or {} names nothing.
func (k *Keys) Elsewhere(o Object) (key string) {
	for _, f := range o {
		if _, fills := k.fills.of(f.Key); fills || !names(f.Value) {
			continue
		}
		if couldNamePlace(f.Key) {
			return f.Key
		}
		if f.Value[0] == '{' && wrappers[Fold(f.Key)] {
			inner, ok := ParseObject(f.Value)
			if !ok { // too many keys to look at
				return f.Key
			}
			if key := k.Elsewhere(inner); key != "" {
				return f.Key + "." + key
			}
			for _, g := range inner {
				if k.roomRank(g) < noRoom && names(g.Value) {
					return f.Key + "." + g.Key
				}
			}
		}
	}
	return ""
}

// names tells whether a value can name something.
func names(value json.RawMessage) bool {
	switch value[0] {
	case 'n', 't', 'f':
		return false
	case '"':
		text, ok := rawjson.Unquote(value)
		return ok && strings.TrimSpace(text) != ""
	case '[', '{':
		for part := range rawjson.Elements(value) {
			if value[0] == '{' || names(part) {
				return true
			}
		}
		return false
	}
	return true
}

// couldNamePlace tells whether a key is of the kind that names where a message goes, in whatever spelling.
func couldNamePlace(key string) bool {
	folded := Fold(key)
	stem := placeStem(folded)
	if places[folded] || places[stem] || isID(folded, stem) && placesByID[stem] {
		return true
	}
	for _, about := range aboutOthers {
		if strings.HasPrefix(folded, about) {
			return false
		}
	}
	for _, end := range placeEnds {
		if strings.HasSuffix(stem, end) {
			return true
		}
	}
	return false
}

// isID tells whether what was taken off a key says that it names something by its id.
func isID(folded, stem string) bool {
	return folded != stem && strings.Contains(folded[len(stem):], "id")
}

// placeStem takes off what kind of name it is: groupId, group_ids, groupName and groupCode are about a group.
func placeStem(folded string) string {
	for _, kind := range []string{"uuid", "guid", "uid", "ids", "id", "names", "name", "code", "slug", "number", "no", "ref", "hash", "identifier"} {
		if stem, ok := strings.CutSuffix(folded, kind); ok && stem != "" {
			return stem
		}
	}
	return folded
}

// aboutOthers begin the keys that tell of other messages.
var aboutOthers = []string{"reply", "inreply", "quote", "forward", "mention", "share", "original", "linked", "parentmessage"}

// placeEnds are words that a key of a place may end in: targetRoomId, activeChat, directMessageRecipient.
var placeEnds = []string{"room", "rooms", "channel", "channels", "conversation", "conversations", "convo", "chat", "chats", "group", "groups",
	"thread", "roomkey", "roomtoken", "roomlink", "channelkey", "conversationkey", "chatkey", "receiver", "receivers", "recipient", "recipients", "dialog", "dialogue", "destination", "destinations", "lobby",
	"reciever", "recievers", "reciver", "recepient", "recepients", "recipent", "receipent", "receiveruser", "recipientuser"} // as many spell them

// places are whole keys of places, without what placeStem takes off.
var places = set(
	// people
	"to", "touser", "tousers", "tosocket", "toperson", "tomember", "tofriend", "toclient", "tocontact", "toagent", "toadmin", "tocustomer",
	"toemail", "tophone", "sendto", "sentto", "msgto", "messageto", "userto", "target", "targets", "targetuser", "targetusers", "targetsocket",
	"dest", "destuser", "addressee", "addressees", "peer", "peers", "partner", "chatpartner", "friend", "contact", "other", "otheruser", "otherperson",
	"with", "withuser", "chatwith", "selecteduser", "activeuser", "currentcontact", "selectedcontact", "user2", "rcpt", "recv", "cc", "bcc",
	"participant", "participants", "members", "users", "userids", "memberids", "audience", "dm", "dms", "directmessage", "pm", "private", "whisper",
	"dmto", "pmto", "whisperto", "privateto", "privatemessageto", "deliverto", "routeto", "forwardto", "shareto", "talkto", "chatto", "directto",
	"foruser", "forwhom", "whom", "towhom", "notify", "notifyuser", "notifyusers", "userlist", "userslist", "memberlist",
	"frienduser", "contactuser", "partneruser", "peeruser", "remoteuser", "remotepeer", "matcheduser", "seconduser", "usertwo", "userb", "personb", "callee",
	"counterpart", "opponent", "companion", "interlocutor", "buddy", "roommate", "chatmate", "collocutor",
	// rooms by other names
	"topic", "topics", "server", "space", "namespace", "nsp", "guild", "community", "forum", "workspace", "team", "hub", "inbox", "mailbox", "feed",
	"conv", "convs", "session", "chatsession", "stream", "meeting", "call", "huddle", "game", "match", "party", "table", "board", "project",
	"rid", "gid", "cid", "ch", "chan", "sala", "canal", "kanal", "grupo", "groupe", "raum", "zimmer", "salon", "subforum", "subreddit", "classroom", "zone", "area",
	"course", "club", "org", "organization", "organisation", "tenant", "circle", "squad", "clan", "broadcastto", "ticket",
)

// placesByID are what people talk about and with, so that an id of it names their conversation. By itself such a word is content, and so
// are the ids of things that are only shown: productId, stickerId.
var placesByID = set(
	"order", "booking", "reservation", "appointment", "ride", "trip", "delivery", "job", "task", "issue", "case", "claim", "listing", "auction", "offer", "deal",
	"event", "class", "lesson", "lecture", "webinar", "document", "doc", "page", "post", "video", "entity", "resource", "object", "node",
	"region", "section", "department", "office", "branch", "school", "location", "floor", "pair",
	"customer", "agent", "operator", "doctor", "patient", "driver", "rider", "seller", "buyer", "vendor", "merchant", "shop", "store", "restaurant", "courier",
	"tutor", "teacher", "student", "mentor", "mentee", "coach", "lawyer", "assignee", "visitor", "guest", "candidate", "employer", "employee", "landlord",
)

// wrappers are keys under which clients put the parts of a message once more.
var wrappers = set("data", "payload", "body", "message", "msg", "chatmessage", "meta", "metadata", "context", "info", "params", "options",
	"opts", "headers", "route", "routing", "envelope", "extra")

func set(keys ...string) map[string]bool {
	m := make(map[string]bool, len(keys))
	for _, key := range keys {
		m[key] = true
	}
	return m
}

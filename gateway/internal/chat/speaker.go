package chat

import (
	"encoding/json"
	"strings"
)

// Keys that claim who is speaking, in lower case without separators: those that hold an id, those
// that hold a name, and those that hold either or an object of both.
var (
	idKeys   = keySet("userId", "senderId", "authorId", "fromId", "ownerId", "uid", "sentBy", "createdBy", "fromUserId", "memberId")
	nameKeys = keySet("username", "senderName", "authorName", "displayName", "nickname", "fromName", "name",
		"senderUsername", "authorUsername", "fromUsername", "email", "userEmail", "senderEmail", "authorEmail", "fromEmail")
	personKeys = keySet("user", "sender", "author", "from", "fromUser", "by")
)

func keySet(keys ...string) map[string]bool {
	set := make(map[string]bool)
	for _, key := range keys {
		set[normal(key)] = true
	}
	return set
}

func normal(key string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(key))
}

// speak puts the verified identity in the place of whatever the client claims, in the form the
// client used.
func (o object) speak(p *person) {
	for i, f := range o {
		switch key := normal(f.key); {
		case idKeys[key]:
			o[i].value = p.idJSON
		case nameKeys[key]:
			o[i].value = p.nameJSON
		case personKeys[key]:
			o[i].value = p.instead(f.value)
		}
	}
}

// instead is the person in the form of a claim: an object for an object, the id where the claim is
// the id, and the name otherwise.
func (p *person) instead(claim json.RawMessage) json.RawMessage {
	if len(claim) > 0 && claim[0] == '{' {
		return object{{"id", p.idJSON}, {"userId", p.idJSON}, {"username", p.nameJSON}, {"name", p.nameJSON}}.encode()
	}
	if id, ok := scalar(claim); ok && id == p.id {
		return p.idJSON
	}
	return p.nameJSON
}

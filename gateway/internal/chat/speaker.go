package chat

import (
	"encoding/json"
	"strings"
)

// Keys that claim who is speaking, in lower case without separators: those that hold an id, those
// that hold a name, and those that hold either or an object of both.
var (
	idKeys   = keySet("userId", "senderId", "authorId", "fromId", "ownerId", "uid", "sentBy", "createdBy", "fromUserId", "senderUserId", "memberId")
	nameKeys = keySet("username", "senderName", "authorName", "displayName", "nickname", "fromName", "name",
		"senderUsername", "authorUsername", "fromUsername", "fullName", "senderFullName", "email", "userEmail", "senderEmail", "authorEmail", "fromEmail")
	personKeys = keySet("user", "sender", "author", "from", "fromUser", "by")
	// actorKeys say in relays who has done it; a message may hold a list of readers there.
	actorKeys = keySet("readBy", "seenBy", "deliveredBy", "reader", "readerId", "viewerId", "seenById", "typingUser", "typingUserId", "typingUsers",
		"typer", "typingUsername", "typingName", "readerName", "readByName", "seenByName", "viewerName", "actor")
)

func keySet(keys ...string) map[string]bool {
	set := make(map[string]bool)
	for _, key := range keys {
		set[normal(key)] = true
	}
	return set
}

// normal is a key in lower case without separators. Messages bring many keys and each is looked up: keys that are
// in the form already cost nothing.
func normal(key string) string {
	return separators.Replace(strings.ToLower(key))
}

var separators = strings.NewReplacer("_", "", "-", "")

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

package chat

import (
	"bytes"
	"encoding/json"
	"slices"
)

// claim is what a key says of who is speaking.
type claim byte

const (
	claimsID claim = iota
	claimsName
	claimsPerson // an id, a name, an object of both, or a list of these
)

// Keys that claim who is speaking: sender, sender_id, senderName. Those of actors say in relays who has
// done it; a message may tell by them who has read it.
//
// Only these keys are overwritten, and those of the stored row or of the relay are added. What else a client
// sends, and what stands deeper, is content: a quoted message names its own author.
var (
	speakers = claims("user", "sender", "author", "from", "fromuser", "owner", "creator", "by", "sentby", "createdby", "postedby").
			and(claimsID, "uid", "memberid").
			and(claimsName, "name", "fullname", "displayname", "nickname", "email")
	actors = claims("reader", "readby", "seenby", "deliveredby", "viewer", "typer", "typist", "typinguser", "actor").
		and(claimsName, "typingname").
		and(claimsPerson, "typingusers")
)

// claims are the words alone, and with every kind of id and name behind them.
func claims(words ...string) keys[claim] {
	k := make(keys[claim])
	for _, word := range words {
		k[word] = claimsPerson
		for _, id := range []string{"id", "uid", "uuid", "userid"} {
			k[word+id] = claimsID
		}
		for _, name := range []string{"name", "username", "fullname", "displayname", "nickname", "email"} {
			k[word+name] = claimsName
		}
	}
	return k
}

func (k keys[T]) and(meaning T, more ...string) keys[T] {
	for _, key := range more {
		k[key] = meaning
	}
	return k
}

// speak puts the verified identity in the place of whatever the client claims by these keys, in the form
// that the client used.
func (o object) speak(p *person, by keys[claim]) {
	for i, f := range o {
		switch kind, ok := by.of(f.key); {
		case !ok, f.value[0] == 't', f.value[0] == 'f': // true and false are nobody
		case kind == claimsPerson:
			o[i].value = p.instead(f.value)
		case kind == claimsName:
			o[i].value = p.nameJSON
		default:
			o[i].value = p.idJSON
		}
	}
}

// instead is the person in the form of a claim: an object for an object, a list of one for a list, the id
// where the claim is the id, and the name otherwise.
func (p *person) instead(claim json.RawMessage) json.RawMessage {
	switch claim[0] {
	case '{':
		return p.whole()
	case '[':
		one := p.idJSON
		if first := bytes.TrimSpace(claim[1:]); first[0] == '{' {
			one = p.whole()
		}
		return slices.Concat([]byte{'['}, one, []byte{']'})
	}
	if id, ok := scalar(claim); ok && id == p.id {
		return p.idJSON
	}
	return p.nameJSON
}

func (p *person) whole() json.RawMessage {
	return object{{"id", p.idJSON}, {"userId", p.idJSON}, {"username", p.nameJSON}, {"name", p.nameJSON}}.encode()
}

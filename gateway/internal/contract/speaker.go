package contract

// claim is what a key says of who is speaking.
type claim byte

const (
	claimsID claim = iota
	claimsName
	claimsPerson // an id, a name, an object of both, or a list of these
)

// Keys that claim who is speaking: sender, sender_id, senderName. In a relay those of actors say who has done
// something; in a message they may say who has read it, so there they are left alone.
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
func claims(words ...string) meanings[claim] {
	k := make(meanings[claim])
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

// Identify puts the verified identity in the place of whatever a message claims about its speaker, in the form
// that the client used.
func (k *Keys) Identify(o Object, p *Person) { o.identify(p, k.speakers) }

func (o Object) identify(p *Person, by meanings[claim]) {
	for i, f := range o {
		switch kind, ok := by.of(f.Key); {
		case !ok, f.Value[0] == 't', f.Value[0] == 'f': // true and false are nobody
		case kind == claimsPerson:
			o[i].Value = p.instead(f.Value)
		case kind == claimsName:
			o[i].Value = p.NameJSON
		default:
			o[i].Value = p.IDJSON
		}
	}
}

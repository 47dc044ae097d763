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
	speakers = claims(speakerWords...).
			and(claimsID, "uid", "memberid").
			and(claimsName, "name", "fullname", "displayname", "screenname", "firstname", "givenname", "nickname", "nick", "handle", "pseudo", "email", "mail", "emailaddress",
			"uname", "usrname", "login", "loginname", "userlogin", "realname", "alias", "useralias", "senderalias", "pseudonym", "gamertag", "callsign",
			"accountname", "membername", "participantname", "playername", "personaname",
			"adminname", "agentname", "operatorname", "supportname", "moderatorname", "modname", "staffname", "botname", "systemname").
		and(claimsPerson, "me", "identity", "persona")
	actors = claims("reader", "readby", "seenby", "deliveredby", "viewer", "typer", "typist", "typinguser", "actor", "caller", "callfrom", "calledby").
		and(claimsName, "typingname").
		and(claimsPerson, "typingusers")
)

var speakerWords = []string{
	"user", "sender", "author", "from", "fromuser", "owner", "creator", "by", "sentby", "createdby", "postedby",
	"profile", "currentuser", "chatuser", "messagesender", "msgsender", "poster", "speaker", "writer", "writtenby", "submittedby",
	"usr", "whoami", "sayer", "publisher", "byuser", "userby", "sentfrom", "messagefrom", "msgfrom", "sendby",
}

// Keys that claim what nobody has verified: a right of the speaker, or a look. Nothing true could be put in their place.
var unverified = func() meanings[struct{}] {
	k := make(meanings[struct{}])
	alone := []string{"role", "roles", "badge", "badges", "permission", "permissions", "privileges", "rights", "verified",
		"admin", "administrator", "superuser", "superadmin", "moderator", "mod", "avatar", "avatarurl", "lastname", "familyname", "surname"}
	alone = append(alone, "userrank", "userlevel", "usertitle", "usertag", "sendertag", "accounttype", "verifiedsender")
	kinds := append(alone, "agent", "support", "operator", "creator", "trusted", "premium", "vip", "staff", "bot", "system", "official", "owner", "host", "guest") // content, unless something is said to be one
	ofSomebody := append(kinds, "type", "image", "imageurl", "photo", "photourl", "picture", "pictureurl", "pic")
	k.and(struct{}{}, alone...)
	for _, kind := range kinds {
		k.and(struct{}{}, "is"+kind, "from"+kind, "isfrom"+kind)
	}
	// Whose it is, which each client has to find out by itself: to a room it would be everybody's own.
	k.and(struct{}{}, "fromme", "isfromme", "isme", "isown", "ismine", "mine", "isself", "issender", "sentbyme", "isoutgoing", "outgoing")
	for _, word := range append([]string{"caller"}, speakerWords...) {
		for _, claim := range ofSomebody {
			k.and(struct{}{}, word+claim, word+"is"+claim)
		}
	}
	return k
}()

// claims are the words alone, and with every kind of id and name behind them.
func claims(words ...string) meanings[claim] {
	k := make(meanings[claim])
	for _, word := range words {
		k[word] = claimsPerson
		for _, form := range []string{"info", "profile", "data", "details", "object", "obj"} {
			k[word+form] = claimsPerson
		}
		for _, id := range []string{"id", "uid", "uuid", "userid"} {
			k[word+id] = claimsID
		}
		for _, name := range []string{"name", "username", "fullname", "displayname", "nickname", "nick", "handle", "email"} {
			k[word+name] = claimsName
		}
	}
	return k
}

// Identify puts the verified identity in the place of whatever a message claims about its speaker, in the form
// that the client used.
func (k *Keys) Identify(o Object, p *Person) { o.identify(p, k.speakers, "") }

func (o Object) identify(p *Person, by meanings[claim], socket string) {
	for i, f := range o {
		switch kind, ok := by.of(f.Key); {
		case !ok, f.Value[0] == 't', f.Value[0] == 'f': // true and false are nobody
		case kind != claimsName && socket != "" && isText(f.Value, socket):
		case kind == claimsPerson:
			o[i].Value = p.instead(f.Value)
		case kind == claimsName:
			o[i].Value = p.NameJSON
		default:
			o[i].Value = p.IDJSON
		}
	}
}

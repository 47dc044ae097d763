package contract

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestNobodySpeaksInAnothersName(t *testing.T) {
	t.Parallel()
	ann := NewPerson("u1", json.RawMessage(`"u1"`), "Ann")
	number := NewPerson("42", json.RawMessage("42"), "Bob")
	const whole = `{"id":"u1","userId":"u1","username":"Ann","name":"Ann"}`
	for _, c := range []struct {
		p        *Person
		in, want string
	}{
		{ann, `{"userId":"eve"}`, `{"userId":"u1"}`},
		{ann, `{"senderId":"eve","author_id":"eve","UID":7}`, `{"senderId":"u1","author_id":"u1","UID":"u1"}`},
		{ann, `{"username":"Eve","user_name":"Eve","senderName":"Eve"}`, `{"username":"Ann","user_name":"Ann","senderName":"Ann"}`},
		{ann, `{"sender":"Eve"}`, `{"sender":"Ann"}`},
		{ann, `{"sender":"u1"}`, `{"sender":"u1"}`},
		{ann, `{"author":{"id":"eve","role":"admin"}}`, `{"author":` + whole + `}`},
		{ann, `{"from":["eve"]}`, `{"from":["u1"]}`},
		{ann, `{"from":[ {"id":"eve"} ],"sender":[]}`, `{"from":[` + whole + `],"sender":["u1"]}`},
		{number, `{"userId":"42","sender":42}`, `{"userId":42,"sender":42}`},
		{ann, `{"sender_uid":"eve","createdByName":"Eve","creator":{"id":"eve"},"fromUserUUID":"eve"}`, `{"sender_uid":"u1","createdByName":"Ann","creator":` + whole + `,"fromUserUUID":"u1"}`},
		{ann, `{"playerName":"Eve","adminName":"Eve","support_name":"Eve","alias":"Eve","uname":"Eve"}`, `{"playerName":"Ann","adminName":"Ann","support_name":"Ann","alias":"Ann","uname":"Ann"}`},
		{ann, `{"usr":"eve","byUser":{"id":"eve"},"msgFrom":"Eve","publisherId":"eve"}`, `{"usr":"Ann","byUser":` + whole + `,"msgFrom":"Ann","publisherId":"u1"}`},
		{ann, `{"player":2,"playerId":"eve","phone":"555","customerName":"Eve","fileName":"f","className":"c"}`, `{"player":2,"playerId":"eve","phone":"555","customerName":"Eve","fileName":"f","className":"c"}`},
		{ann, `{"owner":false,"from":true}`, `{"owner":false,"from":true}`},
		{ann, `{"tempId":"t1","replyTo":"m1"}`, `{"tempId":"t1","replyTo":"m1"}`},
	} {
		o, _ := ParseObject(json.RawMessage(c.in))
		NewKeys(Columns{}).Identify(o, c.p)
		if got := string(o.Encode()); got != c.want {
			t.Errorf("%s became\n%s, want\n%s", c.in, got, c.want)
		}
	}
}

// FuzzIdentify looks for a claim that survives: what a key may say of the speaker is the verified identity, and
// nothing else is touched.
func FuzzIdentify(f *testing.F) {
	for _, seed := range []string{
		`{"userId":"eve"}`, `{"sender":"Eve","author":{"id":"eve"},"from":[ {"id":"eve"} ],"by":[]}`, `{"owner":false,"from":true,"uid":null}`,
		`{"sender_uid":7,"User-Name":["Eve"],"tempId":"t1","quoted":{"author":"Bob"}}`, `{"posted_by":[[{}]],"creator":-1}`,
	} {
		f.Add([]byte(seed))
	}
	ann := NewPerson("u1", json.RawMessage(`"u1"`), "Ann")
	whole := string(ann.Whole())
	app := NewKeys(Columns{User: "profileId"})
	f.Fuzz(func(t *testing.T, data []byte) {
		before, ok := ParseObject(argument(data))
		if !ok {
			return
		}
		after := slices.Clone(before)
		app.Identify(after, ann)
		decoded(t, after)
		for i, field := range after {
			said, now := string(before[i].Value), string(field.Value)
			allowed := []string{said}
			if kind, claimed := app.speakers[Fold(field.Key)]; claimed && foldsAlike(field.Key) && said != "true" && said != "false" {
				switch kind {
				case claimsID:
					allowed = []string{`"u1"`}
				case claimsName:
					allowed = []string{`"Ann"`}
				default:
					allowed = []string{`"u1"`, `"Ann"`, `["u1"]`, whole, "[" + whole + "]"}
				}
			}
			if !slices.Contains(allowed, now) {
				t.Fatalf("%s: %s became %s", field.Key, said, now)
			}
		}
	})
}
